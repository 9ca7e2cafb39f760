import { errorAttribute } from '../operators/chain.ts'
import { severityNames } from '../operators/severity.ts'
import type { ShownPairs, ShownRecord } from './tail-records.ts'

/*
 *   2026-11-21T09:15:30.123Z  ERROR  2026-11-21 10:15:30,123 [main] ERROR com.acme.Shop - cannot sell
 *                                    java.lang.IllegalStateException: no stock left
 *       log.logger=com.acme.Shop  thread.name=main
 *
 *   resource                                  in front of the records of each, where there is one
 *       k8s.pod.name=shop-1
 */
const timeWidth = 24
const indent = ' '.repeat(4)
const bodyIndent = ' '.repeat(timeWidth + 2 + 5 + 2)
const valueMax = 200

export interface Style {
  readonly colours: boolean
  /** Of the terminal; attributes are wrapped there. */
  readonly columns: number
}

const codes = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2, bold: 1 } as const
type Colour = keyof typeof codes

/** Text for a person: time, level and body, then the attributes, then why it could not be read. */
export class RecordPrinter {
  readonly #style: Style

  constructor(style: Style) {
    this.#style = style
  }

  record({ time, severityNumber, severityText, body, attributes }: ShownRecord): string {
    const error = attributes.find(([key]) => key === errorAttribute)?.[1]
    const [first = '', ...more] = printable(body).split('\n')
    const level = levelText(severityNumber, severityText).padEnd(5)
    const head = [
      this.#paint('dim', timeText(time).padEnd(timeWidth)),
      this.#paint(error === undefined ? levelColour(severityNumber) : 'red', level),
      error === undefined ? first : this.#paint('red', first),
    ].join('  ')
    const lines = [head, ...more.map((line) => bodyIndent + line)]
    lines.push(...this.#attributes(attributes.filter(([key]) => key !== errorAttribute)))
    if (error !== undefined) lines.push(indent + this.#paint('red', `not parsed: ${error}`))
    return `${lines.join('\n')}\n`
  }

  /** A line about all of them. */
  remark(text: string): string {
    return `${this.#paint('bold', text)}\n`
  }

  /** What the records from here on come from. */
  resource(resource: ShownPairs): string {
    return `${[this.#paint('dim', 'resource'), ...this.#attributes(resource)].join('\n')}\n`
  }

  #attributes(attributes: ShownPairs): string[] {
    const lines: string[] = []
    let line = ''
    let width = 0
    for (const [key, value] of attributes) {
      const shown = shortened(value)
      const wide = key.length + 1 + shown.length
      if (width > 0 && indent.length + width + 2 + wide > this.#style.columns) {
        lines.push(indent + line)
        line = ''
        width = 0
      }
      line += `${width > 0 ? '  ' : ''}${this.#paint('cyan', key)}${this.#paint('dim', '=')}${shown}`
      width += (width > 0 ? 2 : 0) + wide
    }
    if (width > 0) lines.push(indent + line)
    return lines
  }

  #paint(colour: Colour, text: string): string {
    return this.#style.colours && text.trim() !== ''
      ? `\u001b[${codes[colour]}m${text}\u001b[0m`
      : text
  }
}

/** Characters that would move the cursor, or change its colour, are shown and not sent. */
function printable(text: string): string {
  return text.replace(controls, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

// All but tab and newline.
const controls = /[^\P{Cc}\t\n]/gu

function shortened(value: string): string {
  const text = printable(value).replaceAll('\n', '\\n').replaceAll('\t', '\\t')
  const short = text.length > valueMax ? `${text.slice(0, valueMax)}…` : text
  // Maps and lists are JSON.
  if (short !== '' && (/^[[{]/.test(short) || !/[\s"]/.test(short))) return short
  return `"${short.replaceAll('"', '\\"')}"`
}

function timeText(time: string): string {
  if (time === '0') return '-'
  return new Date(Number(BigInt(time) / 1_000_000n)).toISOString()
}

function levelText(number: number, text: string): string {
  const name = severityNames[number - 1]
  return name === undefined ? text || '-' : name.toUpperCase()
}

function levelColour(number: number): Colour {
  if (number >= 17) return 'red'
  if (number >= 13) return 'yellow'
  return number >= 9 ? 'green' : 'dim'
}
