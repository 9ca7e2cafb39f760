/** A string of its own costs about this much beside its characters, with its place in the list. */
const stringBytes = 32

/** What headers take in memory, names and values in turn: for a budget, so rather too much than too little. */
export function headerBytes(fields: readonly string[]): number {
  let sizeBytes = 0
  for (let index = 0; index < fields.length; index++) {
    sizeBytes += (fields[index] as string).length + stringBytes
  }
  return sizeBytes
}
