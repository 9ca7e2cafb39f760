/** `exporters.debug.verbosity=basic`: where it is cut; undefined where there is nothing in front of a `=`. */
export function parseSet(given: string): { key: string; value: string } | undefined {
  const cut = given.indexOf('=')
  const key = given.slice(0, Math.max(cut, 0)).trim()
  return key === '' ? undefined : { key, value: given.slice(cut + 1).trim() }
}
