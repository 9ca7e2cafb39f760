import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { grpcMetadata, httpAnswerHeader, httpRequestHeader } from './header-rules.ts'

const connection = /^cannot be set here: it belongs to the connection/
const colon = /^cannot be set: names with a colon/
const noName = /^is no name of a header/
const character = /^holds a character that no header may carry/
const ok = undefined

/** In turn: what is said of a header of a gRPC call, of an HTTP request and of an HTTP answer. */
const rows: readonly {
  readonly name: string
  readonly value?: string
  readonly grpc: RegExp | undefined
  readonly request: RegExp | undefined
  readonly answer: RegExp | undefined
}[] = [
  { name: 'x-token', value: 'a b\tc', grpc: ok, request: ok, answer: ok },
  { name: 'Authorization', value: 'Bearer é', grpc: ok, request: ok, answer: ok },
  { name: 'user-agent', grpc: ok, request: ok, answer: ok },
  ...[':path', ':authority', ':x'].map((name) => ({
    ...{ name, grpc: colon, request: colon, answer: colon },
  })),
  ...['Connection', 'keep-alive', 'TE', 'transfer-encoding', 'upgrade', 'content-length'].map(
    (name) => ({ ...{ name, grpc: connection, request: connection, answer: connection } }),
  ),
  {
    name: 'content-type',
    grpc: /application\/grpc/,
    request: /`encoding`/,
    answer: /leave it out/,
  },
  { name: 'content-encoding', grpc: /`compression`/, request: /`compression`/, answer: /leave/ },
  { name: 'host', grpc: /`authority` sets it/, request: ok, answer: ok },
  { name: 'grpc-timeout', grpc: /names that begin with grpc-/, request: ok, answer: ok },
  { name: 'date', grpc: ok, request: ok, answer: /set by itself/ },
  ...['', 'a b', 'é', 'a\n', 'a:b', 'a"'].map((name) => ({
    ...{ name, grpc: noName, request: noName, answer: noName },
  })),
  ...['a\nb', 'a\rb', 'a\0b', '€'].map((value) => ({
    ...{ name: 'x', value, grpc: character, request: character, answer: character },
  })),
  { name: 'x-trace-bin', value: '\0\n€', grpc: ok, request: character, answer: character },
]

suite('a configured header', () => {
  for (const { name, value = 'x', grpc, request, answer } of rows) {
    test(`${JSON.stringify(name)}: ${JSON.stringify(value)}`, () => {
      for (const [rule, want] of [
        [grpcMetadata, grpc],
        [httpRequestHeader, request],
        [httpAnswerHeader, answer],
      ] as const) {
        const said = rule(name, value)
        if (want === undefined) assert.equal(said, undefined)
        else assert.match(said ?? 'nothing', want)
      }
    })
  }
})
