import { requestOf } from '../../wire/otlp/fields.ts'
import { type Message, messageOf } from '../../wire/otlp/messages.ts'
import { PathFilter } from '../path-filter.ts'
import { joinPath, wordOf } from './field-paths.ts'

/**
 * The paths of all texts that OTLP has, in the words of `include` and `exclude`; true where names follow that people
 * choose: `attributes`, and bodies that are maps.
 */
export const places: ReadonlyMap<string, boolean> = allPlaces()

/** Whether something can stand at a path, which may have stars in it. */
export function namesPlace(path: string): boolean {
  const filter = new PathFilter([path], [])
  const [head = ''] = path.split('*')
  for (const [place, isOpen] of places) {
    if (filter.allows(place)) return true
    const below = head.startsWith(`${place}.`)
    if (isOpen && (below || (head !== path && place.startsWith(head)))) return true
  }
  return false
}

function allPlaces(): ReadonlyMap<string, boolean> {
  const found = new Map<string, boolean>()
  for (const name of Object.values(requestOf)) walk(messageOf(name), '', found)
  return found
}

function walk(message: Message, path: string, found: Map<string, boolean>): void {
  for (const { kind, name, message: below } of message.fields) {
    const place = joinPath(path, wordOf(message.name, name))
    if (kind === 'string') found.set(place, false)
    if (kind !== 'message') continue
    if (below.name === 'KeyValue' || below.name === 'AnyValue') found.set(place, true)
    else walk(below, place, found)
  }
}
