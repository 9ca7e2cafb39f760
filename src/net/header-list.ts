/** Names and values in turn: `[name, value, name, value, …]`. Names as sent; of servers, in lower case. */
export type HeaderList = string[]

/** The first value of a header. */
export function findHeader(fields: HeaderList, name: string): string | undefined {
  for (let index = 0; index < fields.length; index += 2) {
    if (fields[index] === name) return fields[index + 1]
  }
  return undefined
}

/** All values of a header that is a list, in order and with commas between them (RFC 9110, section 5.3). */
export function joinHeader(fields: HeaderList, name: string): string | undefined {
  let joined: string | undefined
  for (let index = 0; index < fields.length; index += 2) {
    if (fields[index] !== name) continue
    joined = joined === undefined ? fields[index + 1] : `${joined}, ${fields[index + 1]}`
  }
  return joined
}

/** A string of its own costs about this much beside its characters, with its place in the list. */
const stringBytes = 32

/** What headers take in memory: for a budget, so rather too much than too little. */
export function headerBytes(fields: readonly string[]): number {
  let sizeBytes = 0
  for (let index = 0; index < fields.length; index++) {
    sizeBytes += (fields[index] as string).length + stringBytes
  }
  return sizeBytes
}
