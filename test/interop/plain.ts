/** Decoded OTLP as values that a test can write down: what a person means, without the envelope of protobuf. */

type Json = Record<string, unknown>

/** `{ int: '5' }` keeps integers apart from doubles; bytes are `{ bytes: base64 }`. */
export function plainValue(any: unknown): unknown {
  const value = (any ?? {}) as Json
  if ('stringValue' in value) return value['stringValue']
  if ('boolValue' in value) return value['boolValue']
  if ('intValue' in value) return { int: value['intValue'] }
  if ('doubleValue' in value) return value['doubleValue']
  if ('bytesValue' in value) return { bytes: value['bytesValue'] }
  if ('arrayValue' in value) return list(value['arrayValue'], 'values').map(plainValue)
  if ('kvlistValue' in value) return plainAttributes((value['kvlistValue'] as Json)['values'])
  return null
}

export function plainAttributes(pairs: unknown): Json {
  return Object.fromEntries(
    (pairs as Json[]).map((pair) => [pair['key'] as string, plainValue(pair['value'])]),
  )
}

export function hex(base64: unknown): string {
  return Buffer.from(base64 as string, 'base64').toString('hex')
}

/** Every item of a signal with the resource and the scope it came under. */
export function items(
  requests: readonly Json[],
  [resources, scopes, leaves]: readonly [string, string, string],
): { resource: Json; scope: Json; item: Json }[] {
  return requests.flatMap((request) =>
    list(request, resources).flatMap((resource) =>
      list(resource, scopes).flatMap((scope) =>
        list(scope, leaves).map((item) => ({
          resource: plainAttributes((resource['resource'] as Json)['attributes']),
          scope: pick(scope['scope'] as Json, ['name', 'version']),
          item,
        })),
      ),
    ),
  )
}

export function pick(object: Json, keys: readonly string[]): Json {
  return Object.fromEntries(keys.map((key) => [key, object[key]]))
}

export function list(parent: unknown, key: string): Json[] {
  return ((parent as Json)[key] ?? []) as Json[]
}
