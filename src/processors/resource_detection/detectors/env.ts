import type { Detector, Environment } from './detector.ts'

/**
 * OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME (OpenTelemetry specification, resource/sdk.md, "Specifying resource
 * information via an environment variable"): `key=value,key=value`, both percent-encoded where they hold `,` or `=`. If one
 * pair is wrong, all of the variable is discarded. OTEL_SERVICE_NAME wins over `service.name` in it.
 */
export function envDetector(env: Environment): Detector {
  return {
    name: 'env',
    detect: async (complain) => {
      const pairs = parsePairs(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '')
      if (typeof pairs === 'string') complain(`OTEL_RESOURCE_ATTRIBUTES is not used: ${pairs}`)
      const attributes = typeof pairs === 'string' ? {} : pairs
      const serviceName = env['OTEL_SERVICE_NAME'] ?? ''
      if (serviceName !== '') attributes['service.name'] = serviceName
      return attributes
    },
  }
}

/** The pairs, or what is wrong with one of them. */
function parsePairs(text: string): Record<string, string> | string {
  const attributes: Record<string, string> = {}
  for (const pair of text.split(',')) {
    if (pair.trim() === '') continue
    const cut = pair.indexOf('=')
    const key = decode(pair.slice(0, cut).trim())
    const value = decode(pair.slice(cut + 1).trim())
    if (cut < 0 || key === '') return 'it must be key=value,key=value'
    if (key === undefined || value === undefined) return 'a "%" in it begins no %XX'
    attributes[key] = value
  }
  return attributes
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (!(error instanceof URIError)) throw error
    return undefined
  }
}
