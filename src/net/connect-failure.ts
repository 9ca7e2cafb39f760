/** What OpenSSL calls a certificate that leads to no authority we trust. */
const untrusted: ReadonlySet<string> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
])
/** A certificate may name a thousand hosts. */
const lengthMax = 300

interface SystemError extends Error {
  readonly code?: unknown
  /** Of OpenSSL: the last part of its message. */
  readonly reason?: unknown
  /** Several addresses were tried: the first reason stands for all. */
  readonly errors?: readonly Error[]
}

/** Why there is no connection, or no more, in one short sentence that says what to set, if there is something. */
export function connectFailure(error: Error): string {
  const { code, message, reason } = ((error as SystemError).errors?.[0] ?? error) as SystemError
  const name = typeof code === 'string' ? code : ''
  if (untrusted.has(name)) {
    const remedy = 'set tls.ca_file to the authority that signed it'
    return `its certificate is signed by no authority that is trusted here; ${remedy}`
  }
  if (name === 'ERR_SSL_WRONG_VERSION_NUMBER' || name === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    const remedy = 'to talk without it, begin the endpoint with http:// or set tls.insecure: true'
    return `the other side does not speak TLS; ${remedy}`
  }
  if (name.endsWith('_CERTIFICATE_REQUIRED')) {
    return 'it wants a certificate of this client; set tls.cert_file and tls.key_file'
  }
  if (name === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const remedy = 'tls.server_name_override sets the name to expect'
    return `its certificate is for another name; ${remedy} (${oneLine(message)})`
  }
  if (name.startsWith('ERR_SSL_') && typeof reason === 'string') {
    return `TLS failed: ${oneLine(reason)}`
  }
  return oneLine(message) || name || error.name
}

/** Why the handshake with a client failed, in one line. */
export function handshakeFailure(error: Error): string {
  const { reason, message } = error as SystemError
  return oneLine(typeof reason === 'string' ? reason : message)
}

/** OpenSSL's messages end with a line feed, and hold file names of its own source. */
function oneLine(text: string): string {
  const line = text.replace(/[\p{C}\s]+/gu, ' ').trim()
  return line.length > lengthMax ? `${line.slice(0, lengthMax)}…` : line
}
