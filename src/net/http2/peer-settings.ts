import { readUint32 } from './frame-reader.ts'
import {
  ConnectionError,
  defaultHeaderTableSize,
  defaultMaxFrameSize,
  defaultWindow,
  ErrorCode,
  maxMaxFrameSize,
  maxWindow,
  Setting,
} from './protocol.ts'

/** What the peer allows us (RFC 9113, section 6.5.2), with the values before its first SETTINGS. */
export class PeerSettings {
  streamsMax = Number.POSITIVE_INFINITY
  initialWindow = defaultWindow
  frameSize = defaultMaxFrameSize
  /**
   * The peer wants a smaller HPACK table than the default. Our encoder uses none, but must say once that it knows
   * (RFC 7541, section 4.2); nghttp2 insists.
   */
  wantsSmallerTable = false

  /** Applies the payload of a SETTINGS frame. Throws a ConnectionError for a value out of range. */
  apply(source: Uint8Array, start: number, end: number): void {
    for (let offset = start; offset < end; offset += 6) {
      const id = ((source[offset] as number) << 8) | (source[offset + 1] as number)
      this.#set(id, readUint32(source, offset + 2))
    }
  }

  #set(id: number, value: number): void {
    switch (id) {
      case Setting.headerTableSize:
        if (value < defaultHeaderTableSize) this.wantsSmallerTable = true
        break
      case Setting.enablePush:
        if (value > 1) throw outOfRange('SETTINGS_ENABLE_PUSH')
        break
      case Setting.maxConcurrentStreams:
        this.streamsMax = value
        break
      case Setting.initialWindowSize:
        if (value > maxWindow) {
          throw new ConnectionError(ErrorCode.flowControlError, 'the window is above 2^31-1')
        }
        this.initialWindow = value
        break
      case Setting.maxFrameSize:
        if (value < defaultMaxFrameSize || value > maxMaxFrameSize) {
          throw outOfRange('SETTINGS_MAX_FRAME_SIZE')
        }
        // Larger frames would let one body keep the others waiting; 64 KiB saves the headers already.
        this.frameSize = Math.min(value, 65_536)
        break
      default:
        // Unknown ones are ignored, and of MAX_HEADER_LIST_SIZE we stay far below.
        break
    }
  }
}

function outOfRange(setting: string): ConnectionError {
  return new ConnectionError(ErrorCode.protocolError, `${setting} is out of range`)
}
