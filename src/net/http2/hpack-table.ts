/** Name and value pairs of RFC 7541, appendix A; index 1 is the first. */
export const staticTable: readonly (readonly [name: string, value: string])[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
]

/**
 * The newest entries first, bounded in bytes (RFC 7541, sections 2.3.2 and 4). An entry counts its name, its value
 * and 32 bytes.
 */
export class DynamicTable {
  readonly #entries: (readonly [name: string, value: string])[] = []
  #sizeBytes = 0
  #limitBytes: number

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** 0 is the newest. */
  at(index: number): readonly [name: string, value: string] | undefined {
    return this.#entries[this.#entries.length - 1 - index]
  }

  add(name: string, value: string): void {
    this.#sizeBytes += name.length + value.length + 32
    this.#entries.push([name, value])
    this.#evict()
  }

  resize(limitBytes: number): void {
    this.#limitBytes = limitBytes
    this.#evict()
  }

  #evict(): void {
    let evicted = 0
    while (this.#sizeBytes > this.#limitBytes) {
      const [name, value] = this.#entries[evicted++] as readonly [string, string]
      this.#sizeBytes -= name.length + value.length + 32
    }
    if (evicted > 0) this.#entries.splice(0, evicted)
  }
}
