/**
 * A new `service.instance.id`: a UUID of version 4 (RFC 9562). It tells processes apart and guards nothing, so it takes its
 * bits from Math.random, which Node seeds from the system's randomness: node:crypto costs the start 8 ms.
 */
export function createInstanceId(): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(Math.random() * 16))
  digits[12] = 4
  digits[16] = ((digits[16] as number) & 3) | 8
  const text = digits.map((digit) => digit.toString(16)).join('')
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
