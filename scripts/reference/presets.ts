import { Entry } from '../../src/operators/entry.ts'
import { findTimeZone } from '../../src/operators/time-zone.ts'
import { createFormat, type FormatName, formatNames } from '../../src/presets/catalogue.ts'
import { presetGuide } from '../../src/presets/guide.ts'

const introduction = `One word instead of a page of patterns: what the usual programs write is known.

    receivers:
      file_log:
        include: [/var/log/nginx/access.log]
        preset: nginx_access

Time, level and attributes are read from each record; names are those of the OpenTelemetry semantic conventions where these
have one. The body stays the whole record, or becomes its message with \`preset_body: message\`. \`operators\` run behind the
preset; with a \`container\` operator in front, the preset reads what that one makes of the line.

A record that does not fit goes on as it is: the attribute \`log.parse.error\` says why, and \`remora_operator_errors\`
with the name of the preset as \`operator\` counts it. Nothing is dropped.

Times without a zone are of \`preset_location\`; a time of day is that of the last such moment; a date without a year is
of this year or the last. \`remora tail FILE --preset NAME\` shows how lines are read, without sending anything.`

const auto = `Decides for each file by the first 100 lines (64 KiB) of what is read: it tries all presets and takes the one that most lines
fit. Confidence is the part of the lines that fit, less the fewer lines there were; below 0.5 nothing is taken, and records
go on as they are, each with the reason. What was chosen, how sure that is and what else would have fit stands in the log.

It decides anew after a rotation or truncation, as long as there were less than 20 lines (not by fewer lines than before), when more than half of 50 records
do not fit, and, where nothing fit, after each 1,000 records.

\`nginx_access\` and \`apache_access\` read what both know in the same way. \`java_stack\` is only taken where nothing else
fits and there is a stack trace.`

/** The page about presets; each example is read by the preset itself. */
export function presetSections(): string[] {
  return ['# Presets', introduction, ...formatNames.flatMap(formatSection), '## auto', auto]
}

function formatSection(name: FormatName): string[] {
  const { reads, layouts, example, notes } = presetGuide[name]
  return [
    `## ${name}`,
    reads,
    layouts.map((layout) => `- ${layout}`).join('\n'),
    fence(example),
    fence(readExample(name, example)),
    ...(notes === undefined ? [] : [notes]),
  ]
}

function readExample(name: FormatName, example: string): string {
  const format = createFormat(name, {
    zone: findTimeZone('UTC'),
    nowMs: () => Date.UTC(2026, 10, 21, 12),
    body: 'record',
  })
  const entry = new Entry()
  entry.reset(example, {}, {})
  const source = Buffer.from(example)
  const reason = format.read(source, 0, source.length, entry)
  if (reason !== undefined) throw new Error(`${name} cannot read its own example: ${reason}`)
  const lines: string[] = []
  if (entry.timeUnixNano !== undefined) {
    lines.push(
      `time             ${new Date(Number(entry.timeUnixNano / 1_000_000n)).toISOString()}`,
    )
  }
  if (entry.severityNumber !== 0) {
    lines.push(`severity_number  ${entry.severityNumber}`)
    if (entry.severityText !== '') lines.push(`severity_text    ${entry.severityText}`)
  }
  for (const key of Object.keys(entry.attributes)) {
    lines.push(`${key.padEnd(16)} ${JSON.stringify(entry.attributes[key])}`)
  }
  return lines.join('\n')
}

function fence(text: string): string {
  return `\`\`\`\n${text}\n\`\`\``
}
