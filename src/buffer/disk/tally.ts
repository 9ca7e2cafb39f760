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
