import { type Entry, setKey, type Value, type Values } from '../entry.ts'
import { Field } from '../field.ts'
import { OperatorError } from '../operator-error.ts'
import { type Embedded, Parser } from './parser.ts'

export interface CsvSettings {
  /** One character. */
  readonly delimiter: string
  readonly headerDelimiter: string
  /** Quotes may stand anywhere. */
  readonly lazyQuotes: boolean
  /** Quotes mean nothing. */
  readonly ignoreQuotes: boolean
  readonly header: string | undefined
  /** The attribute that has the header of each record. */
  readonly headerAttribute: string | undefined
}

const attributeField = (key: string): Field =>
  new Field(`attributes[${JSON.stringify(key)}]`, 'attributes', [key])

export class CsvParser extends Parser {
  readonly #settings: CsvSettings
  readonly #names: readonly string[]

  constructor(from: Field, to: Field, embedded: Embedded, settings: CsvSettings) {
    const { headerAttribute } = settings
    super(
      from,
      to,
      embedded,
      headerAttribute === undefined ? [] : [attributeField(headerAttribute)],
    )
    this.#settings = settings
    this.#names = settings.header?.split(settings.headerDelimiter) ?? []
  }

  protected parse(text: string, entry: Entry): Values {
    const names = this.#namesOf(entry)
    const { delimiter, lazyQuotes, ignoreQuotes } = this.#settings
    const row = text.includes('\n') ? withoutLineEnds(text) : text
    const cells = ignoreQuotes ? row.split(delimiter) : splitCsv(row, delimiter, lazyQuotes)
    if (cells.length !== names.length) {
      throw new OperatorError(`it has ${cells.length} columns for ${names.length} names`)
    }
    const values: Values = {}
    for (const [index, name] of names.entries()) setKey(values, name, cells[index])
    return values
  }

  #namesOf(entry: Entry): readonly string[] {
    const { headerAttribute, headerDelimiter } = this.#settings
    if (headerAttribute === undefined) return this.#names
    const header: Value = Object.hasOwn(entry.attributes, headerAttribute)
      ? entry.attributes[headerAttribute]
      : undefined
    if (typeof header !== 'string') {
      throw new OperatorError('the attribute with the header is not there or not a string')
    }
    return header.split(headerDelimiter)
  }
}

/** One record in lines of its own: those that are empty around it are none of its cells. */
function withoutLineEnds(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(/^\n+|\n+$/g, '')
}

/** The cells of one record. `"a ""quoted"" cell"`; throws an OperatorError for quotes that are not closed. */
export function splitCsv(text: string, delimiter: string, lazy: boolean): string[] {
  const cells: string[] = []
  let at = 0
  for (;;) {
    if (text[at] === '"') {
      const { cell, end } = quotedCell(text, at, delimiter, lazy)
      cells.push(cell)
      at = end
    } else {
      const found = text.indexOf(delimiter, at)
      const end = found < 0 ? text.length : found
      const cell = text.slice(at, end)
      if (!lazy && cell.includes('"')) throw new OperatorError('it has a quote inside of a cell')
      cells.push(cell)
      at = end
    }
    if (at >= text.length) return cells
    at += delimiter.length
  }
}

function quotedCell(
  text: string,
  start: number,
  delimiter: string,
  lazy: boolean,
): { cell: string; end: number } {
  let cell = ''
  let at = start + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    if (quote < 0) {
      if (lazy) return { cell: cell + text.slice(at), end: text.length }
      throw new OperatorError('it has a quote that is not closed')
    }
    cell += text.slice(at, quote)
    const next = quote + 1
    if (text[next] === '"') {
      cell += '"'
      at = next + 1
    } else if (next >= text.length || text.startsWith(delimiter, next)) {
      return { cell, end: next }
    } else if (lazy) {
      cell += '"'
      at = next
    } else throw new OperatorError('it has text behind a closing quote')
  }
}
