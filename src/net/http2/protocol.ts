/** Names and numbers of HTTP/2 (RFC 9113). */

/** The first bytes a client sends (section 3.4). */
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

/** Length 24 bit, type 8, flags 8, reserved 1, stream id 31 (section 4.1). */
export const frameHeaderBytes = 9

export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const Flag = {
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const

export const Setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const

/** Error codes of RST_STREAM and GOAWAY (section 7). */
export const ErrorCode = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  connectError: 10,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
  http11Required: 13,
} as const

/** `ENHANCE_YOUR_CALM`; the number where it has no name. */
export function errorName(code: number): string {
  return errorNames[code] ?? String(code)
}

const errorNames: readonly string[] = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
]

/** Where a code is wanted and the connection went away without one. */
export const connectionGone = -1

/** Window of a stream and of a connection before any SETTINGS or WINDOW_UPDATE (section 6.9.2). */
export const defaultWindow = 65_535
/** 2^31 − 1 (section 6.9.1). */
export const maxWindow = 0x7fff_ffff
/** The highest id of a stream; in GOAWAY: none is refused yet (section 6.8). */
export const maxStreamId = 0x7fff_ffff
/** SETTINGS_HEADER_TABLE_SIZE before any SETTINGS (section 6.5.2). */
export const defaultHeaderTableSize = 4096
/** SETTINGS_MAX_FRAME_SIZE before it is raised, and the least it may be (section 6.5.2). */
export const defaultMaxFrameSize = 16_384
export const maxMaxFrameSize = 16_777_215

/** The peer broke the protocol: the whole connection ends with GOAWAY. */
export class ConnectionError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.name = 'ConnectionError'
    this.code = code
  }
}

/** The peer broke a rule of one stream: it ends with RST_STREAM, the others go on. */
export class StreamError extends Error {
  readonly code: number
  readonly streamId: number

  constructor(streamId: number, code: number, message: string) {
    super(message)
    this.name = 'StreamError'
    this.streamId = streamId
    this.code = code
  }
}
