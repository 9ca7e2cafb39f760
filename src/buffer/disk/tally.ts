/** Records, the items in them, and the bytes of their payloads. */
export class Tally {
  records = 0
  items = 0
  bytes = 0

  add(records: number, items: number, bytes: number): void {
    this.records += records
    this.items += items
    this.bytes += bytes
  }

  subtract(records: number, items: number, bytes: number): void {
    this.records -= records
    this.items -= items
    this.bytes -= bytes
  }
}

/** That of an account, made if there is none. */
export function tallyOf(tallies: Map<string, Tally>, account: string): Tally {
  let tally = tallies.get(account)
  if (tally === undefined) {
    tally = new Tally()
    tallies.set(account, tally)
  }
  return tally
}
