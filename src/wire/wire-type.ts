/** Wire types of protobuf (encoding guide, "Message Structure"). Groups (3, 4) are refused everywhere. */
export const wireType = {
  varint: 0,
  fixed64: 1,
  bytes: 2,
  fixed32: 5,
} as const

export type WireType = (typeof wireType)[keyof typeof wireType]

export function makeTag(field: number, type: WireType): number {
  return ((field << 3) | type) >>> 0
}

/**
 * Messages inside messages that are followed: protobuf's own default recursion limit. One more is refused, so that no
 * input can exhaust the stack.
 */
export const nestingLimit = 100
