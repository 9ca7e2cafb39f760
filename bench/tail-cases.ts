/** Lines of the tail bench, and how they are read. */
export interface TailCase {
  readonly name: string
  /** The line of this number, without its newline. */
  line(i: number): string
  readonly config: Readonly<Record<string, unknown>>
  /** Of a preset: operators that make the same of the line, as far as they can; run on the same file. */
  readonly byHand?: Readonly<Record<string, unknown>>
}

const two = (n: number): string => String(Math.floor(n) % 60).padStart(2, '0')
const three = (n: number): string => String(n % 1000).padStart(3, '0')
const clock = (i: number): string => `10:${two(i / 60_000)}:${two(i / 1000)}`
const iso = (i: number): string => `2026-11-21 ${clock(i)}`

const request = (i: number): string =>
  `GET /api/v1/orders/${i % 1_000_000}?user=u${i % 100} HTTP/1.1`
const browser = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36'
const timing = (i: number): string =>
  `${request(i)} 200 ${i % 256} "-" "${browser}" rt=0.0${i % 10}`
const json = (i: number): string =>
  `{"level":"info","msg":"order placed","order_id":${i},"customer":"c${i % 100}","amount_cents":${i % 256},"currency":"EUR","items":${i % 10}}`
const timedJson = (i: number): string =>
  `{"time":"2026-11-21T${clock(i)}.${three(i)}Z",${json(i).slice(1)}`
const access = (i: number): string =>
  `203.0.113.${i % 250} - - [21/Nov/2026:${clock(i)} +0100] "${request(i)}" 200 ${i % 256}`

/** One event in ten has a trace of nine lines, so half of the lines are of traces. */
const java = (i: number): string => {
  const at = i % 18
  const event = `${iso(i)},${three(i)} [worker-${i % 8}] INFO  com.acme.shop.OrderService - order ${i} placed`
  if (at < 9) return event
  if (at === 9) return 'java.lang.IllegalStateException: no stock left'
  return at === 14
    ? 'Caused by: java.io.IOException: connection reset'
    : `\tat com.acme.shop.Warehouse.take${at}(Warehouse.java:${at})`
}

const regex =
  '^(?P<method>[A-Z]+) (?P<path>\\S+) HTTP/(?P<version>[\\d.]+) (?P<status>\\d+) (?P<bytes>\\d+) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)" rt=(?P<rt>[\\d.]+)$'

const cri = (i: number, tag: string): string =>
  `2026-11-21T${clock(i)}.${three(i)}456789Z stdout ${tag} ${timing(i)}`
const container = [{ type: 'container', add_metadata_from_filepath: false }]

/** One parser that finds time and level too. */
const byHand = (
  parser: Readonly<Record<string, unknown>>,
  layout: string,
  hasLevel = true,
): Readonly<Record<string, unknown>> => ({
  operators: [
    {
      ...parser,
      timestamp: { parse_from: 'attributes.time', layout, location: 'UTC' },
      ...(hasLevel ? { severity: { parse_from: 'attributes.level' } } : {}),
    },
  ],
})
const byRegex = (regex: string, layout: string, hasLevel?: boolean) =>
  byHand({ type: 'regex_parser', regex }, layout, hasLevel)
const accessRegex =
  '^(?P<address>\\S+) - (?P<user>\\S+) \\[(?P<time>[^\\]]+)\\] "(?P<method>[A-Z]+) (?P<path>[^ ?]+)(?:\\?(?P<query>\\S*))? HTTP/(?P<version>[\\d.]+)" (?P<status>\\d+) (?P<bytes>\\d+)'
const accessLayout = '%d/%b/%Y:%H:%M:%S %z'
const javaByHand = {
  multiline: { line_start_pattern: '^\\d{4}-' },
  ...byRegex(
    '^(?P<time>[\\d-]+ [\\d:,]+) \\[(?P<thread>[^\\]]+)\\] (?P<level>\\w+) +(?P<logger>\\S+) - (?P<message>[^\\n]*)(?:\\n(?P<trace>(?s:.*)))?$',
    '%Y-%m-%d %H:%M:%S,%L',
  ),
}

export const tailCases: readonly TailCase[] = [
  { name: 'plain', line: timing, config: {} },
  { name: 'json_parser', line: json, config: { operators: [{ type: 'json_parser' }] } },
  { name: 'regex_parser', line: timing, config: { operators: [{ type: 'regex_parser', regex }] } },
  {
    name: 'docker',
    line: (i) =>
      `{"log":${JSON.stringify(`${timing(i)}\n`)},"stream":"stdout","time":"2026-11-21T${clock(i)}.${three(i)}456789Z"}`,
    config: { operators: container },
  },
  { name: 'containerd', line: (i) => cri(i, 'F'), config: { operators: container } },
  {
    name: 'crio',
    line: (i) => cri(i, 'F').replace('Z stdout', '+01:00 stdout'),
    config: { operators: [{ ...container[0], format: 'crio' }] },
  },
  {
    name: 'containerd-partial',
    line: (i) => cri(i, i % 4 === 3 ? 'F' : 'P'),
    config: { operators: container },
  },
  {
    name: 'recombine',
    line: java,
    config: {
      operators: [
        { type: 'recombine', combine_field: 'body', is_first_entry: 'body matches "^\\\\d{4}-"' },
      ],
    },
  },
  {
    name: 'nginx_access',
    line: (i) => `${access(i)} "-" "${browser}"`,
    config: { preset: 'nginx_access' },
    byHand: byRegex(`${accessRegex} "(?P<referer>[^"]*)" "(?P<agent>[^"]*)"$`, accessLayout, false),
  },
  {
    name: 'apache_access',
    line: access,
    config: { preset: 'apache_access' },
    byHand: byRegex(`${accessRegex}$`, accessLayout, false),
  },
  { name: 'log4j', line: java, config: { preset: 'log4j' }, byHand: javaByHand },
  {
    name: 'python',
    line: (i) => `${iso(i)},${three(i)} - shop.cart - INFO - order ${i} placed by c${i % 100}`,
    config: { preset: 'python' },
    byHand: byRegex(
      '^(?P<time>[\\d-]+ [\\d:,]+) - (?P<logger>\\S+) - (?P<level>\\w+) - (?P<message>.*)$',
      '%Y-%m-%d %H:%M:%S,%L',
    ),
  },
  {
    name: 'klog',
    line: (i) =>
      `I1121 ${clock(i)}.${three(i)}456    4711 kubelet.go:2421] "Pod status updated" pod="kube-system/dns-${i % 100}" status="ready"`,
    config: { preset: 'klog' },
    byHand: byRegex(
      '^(?P<level>[IWEF])(?P<time>\\d{4} [\\d:.]+) +(?P<thread>\\d+) (?P<file>[^:]+):(?P<line>\\d+)\\] "(?P<message>[^"]*)" pod="(?P<pod>[^"]*)" status="(?P<status>[^"]*)"$',
      '%m%d %H:%M:%S.%f',
    ),
  },
  {
    name: 'logfmt',
    line: (i) =>
      `time=2026-11-21T${clock(i)}.${three(i)}Z level=info msg="order placed" order_id=${i} customer=c${i % 100} items=${i % 10}`,
    config: { preset: 'logfmt' },
    byHand: byHand({ type: 'key_value_parser' }, '%Y-%m-%dT%H:%M:%S.%LZ'),
  },
  {
    name: 'json',
    line: timedJson,
    config: { preset: 'json' },
    byHand: byHand({ type: 'json_parser' }, '%Y-%m-%dT%H:%M:%S.%LZ'),
  },
  {
    name: 'postgres',
    line: (i) =>
      `${iso(i)}.${three(i)} UTC [${4711 + (i % 9)}] app@shop LOG:  checkpoint complete: wrote ${i % 1000} buffers`,
    config: { preset: 'postgres' },
    byHand: byRegex(
      '^(?P<time>[\\d-]+ [\\d:.]+) UTC \\[(?P<process>\\d+)\\] (?P<user>[^@]+)@(?P<database>\\S+) (?P<level>[A-Z]+): +(?P<message>.*)$',
      '%Y-%m-%d %H:%M:%S.%L',
    ),
  },
  { name: 'java_stack', line: java, config: { preset: 'java_stack' }, byHand: javaByHand },
  {
    name: 'auto',
    line: (i) => `${access(i)} "-" "${browser}"`,
    config: { preset: 'auto' },
  },
]
