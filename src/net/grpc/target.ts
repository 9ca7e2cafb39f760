import net from 'node:net'

/** Where a gRPC client connects to. */
export interface GrpcTarget {
  /** For `net.connect`. */
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string }
  /** The `:authority` of requests. */
  readonly authority: string
  /** What a message calls it: `host:port`, or the path of the socket. */
  readonly place: string
  /** The name that TLS checks. */
  readonly host: string
  /** From the scheme; undefined where the endpoint has none of http and https. */
  readonly secure: boolean | undefined
}

/** What DNS, files of hosts and Kubernetes allow, and addresses with their zone. */
const hostPattern = /^[\w.:%-]*$/

/**
 * `host:port`, `[::1]:4317`, `http://host:port`, `https://host`, `dns:///host:port`, `unix:///path`. Undefined for
 * anything else.
 */
export function parseGrpcTarget(endpoint: string): GrpcTarget | undefined {
  const path = /^unix:(?:\/\/)?(.+)$/.exec(endpoint)?.[1]
  if (path !== undefined) {
    return {
      address: { path },
      authority: 'localhost',
      place: path,
      host: 'localhost',
      secure: undefined,
    }
  }
  const [, scheme, rest] = /^(?:(https?|dns|passthrough):\/\/\/?)?([^/]+)\/?$/.exec(endpoint) ?? []
  const [, bracketed, plain, portText] =
    /^(?:\[([^\]]+)\]|([^:[\]]*))(?::(\d+))?$/.exec(rest ?? '') ?? []
  const name = bracketed ?? plain
  if (name === undefined || !hostPattern.test(name)) return undefined
  if (bracketed !== undefined && !net.isIPv6(bracketed)) return undefined
  const secure = scheme === 'https' ? true : scheme === 'http' ? false : undefined
  const port = portText === undefined ? defaultPort(secure) : Number(portText)
  if (port === undefined || port === 0 || port > 65_535) return undefined
  const host = name === '' ? 'localhost' : name
  const authority = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`
  return { address: { host, port }, authority, place: authority, host, secure }
}

function defaultPort(secure: boolean | undefined): number | undefined {
  if (secure === undefined) return undefined
  return secure ? 443 : 80
}
