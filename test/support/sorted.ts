/** OTLP as JSON, with the attributes, at every depth, in the order of their keys. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(sorted)
    const keyed = items.every((item) => typeof (item as { key?: unknown } | null)?.key === 'string')
    return keyed ? (items as { key: string }[]).toSorted((a, b) => (a.key < b.key ? -1 : 1)) : items
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sorted(inner)]))
}
