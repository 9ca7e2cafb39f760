import assert from 'node:assert/strict'

/** What `remora_pipeline_items` says about one exporter of one pipeline. */
export interface Account {
  readonly pipeline: string
  readonly exporter: string
  readonly received: number
  readonly delivered: number
  readonly queued: number
  /** By reason. */
  readonly dropped: Readonly<Record<string, number>>
  readonly rejected: Readonly<Record<string, number>>
}

export interface MetricLine {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The lines of a metrics page. */
export function parseMetrics(page: string): MetricLine[] {
  const lines: MetricLine[] = []
  for (const line of page.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
    if (match === null) continue
    const [, name = '', text = '', value] = match
    const labels: Record<string, string> = {}
    for (const [, key = '', content = ''] of text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      labels[key] = content
    }
    lines.push({ name, labels, value: Number(value) })
  }
  return lines
}

export function readAccounts(page: string): Account[] {
  const accounts = new Map<string, Writable>()
  for (const { name, labels, value } of parseMetrics(page)) {
    if (name !== 'remora_pipeline_items') continue
    const { pipeline = '', exporter = '', outcome, reason = '' } = labels
    const key = `${pipeline} ${exporter}`
    const account = accounts.get(key) ?? {
      pipeline,
      exporter,
      received: 0,
      delivered: 0,
      queued: 0,
      dropped: {},
      rejected: {},
    }
    accounts.set(key, account)
    if (outcome === 'dropped' || outcome === 'rejected') account[outcome][reason] = value
    else if (outcome === 'received' || outcome === 'delivered' || outcome === 'queued') {
      account[outcome] = value
    }
  }
  return [...accounts.values()]
}

interface Writable {
  pipeline: string
  exporter: string
  received: number
  delivered: number
  queued: number
  dropped: Record<string, number>
  rejected: Record<string, number>
}

/** received = delivered + dropped + rejected + queued, for each. */
export function assertBalanced(accounts: readonly Account[]): void {
  assert.ok(accounts.length > 0, 'there is no ledger')
  for (const account of accounts) {
    const { received, delivered, queued, dropped, rejected } = account
    const accounted = delivered + queued + sum(dropped) + sum(rejected)
    assert.equal(received, accounted, `the ledger does not balance: ${JSON.stringify(account)}`)
  }
}

export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
