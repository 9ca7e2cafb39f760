/** Buffers that were made here: only they have spare room behind what is used. */
const growing = new WeakSet<ArrayBufferLike>()

/**
 * `before` and then `more`: the unknown fields of a message in the order of the wire. A message may have a million of
 * them, so the room doubles and the whole costs no more than the sum. Nobody else may append to the same `before`.
 */
export function appendUnknown(before: Uint8Array | undefined, more: Uint8Array): Uint8Array {
  if (before === undefined || before.byteLength === 0) return more
  const end = before.byteOffset + before.byteLength
  const sizeBytes = before.byteLength + more.byteLength
  if (growing.has(before.buffer) && end + more.byteLength <= before.buffer.byteLength) {
    new Uint8Array(before.buffer, end).set(more)
    return new Uint8Array(before.buffer, before.byteOffset, sizeBytes)
  }
  const joined = new Uint8Array(2 * sizeBytes)
  growing.add(joined.buffer)
  joined.set(before)
  joined.set(more, before.byteLength)
  return joined.subarray(0, sizeBytes)
}
