import { detectors } from '../../src/masking/detectors/catalog.ts'
import { places } from '../../src/masking/otlp/places.ts'
import { list, table } from './markdown.ts'

const introduction = `What the processor [mask](processors/mask.md) finds. \`detectors: all\` takes every one of them, \`pii\` and \`secrets\` those of
one table, and a list those that it names:

    processors:
      mask:
        detectors: [email, credit_card, {name: phone, regions: [DE]}]

The three may stand in a list too, for all that no other entry names: everything, but credentials gone without a trace, German
phone numbers besides, and addresses of machines left:

    processors:
      mask:
        detectors:
          - all
          - {name: secrets, action: drop}
          - {name: phone, regions: [US, DE]}
          - {name: ip_address, enabled: false}

\`remora mask --config remora.yaml --explain < app.log\` shows what is found in a text, by whom, and where.`

const own = `With \`pattern\`, in the syntax of RE2. \`group\` says which part is masked, \`validator\` which check the match must pass, and one of
the words of \`context\` must stand near it or in the key. Give \`keywords\` where every match has one of a few texts in it: other
texts are then not searched at all.

    processors:
      mask:
        detectors:
          - name: customer_id
            pattern: '\\bCUST-(\\d{6})\\b'
            group: 1
            keywords: [cust-]`

const paths = `Paths of \`include\` and \`exclude\`, the same for logs, metrics and traces. A path stands for all that is below it, \`*\` for any
characters: \`attributes.http.*\`, \`*.password\`. What people name themselves follows behind a dot, here shown as \`…\`; items of a list
have the path of the list.`

/** The page about what the processor mask finds, and where. */
export function detectorSections(): string[] {
  const rowsOf = (group: string): string[][] =>
    detectors
      .filter((detector) => detector.group === group)
      .map(({ name, summary }) => [`\`${name}\``, summary])
  const placeNames = [...places].map(([place, isOpen]) => (isOpen ? `${place}.…` : place))
  return [
    '# Detectors',
    introduction,
    '## Personal data: `pii`',
    table(['detector', 'what it finds'], rowsOf('pii')),
    '## Secrets: `secrets`',
    table(['detector', 'what it finds'], rowsOf('secrets')),
    '## Your own',
    own,
    '## Places',
    paths,
    `${list(placeNames)}.`,
  ]
}
