/** Memcached: what follows the command line is the value. */
export function cleanMemcached(text: string): string {
  return (text.split('\r\n', 1)[0] as string).trim()
}

/** Redis and Valkey: a command a line; keys and fields stay, values become `?`. */
export function cleanRedis(text: string): string {
  return commandsOf(text)
    .map(([command, ...args]) =>
      [command, ...cleanArguments((command as string).toUpperCase(), args)].join(' '),
    )
    .join('\n')
}

type Clean = (args: string[]) => string[]

/** The arguments at these places. */
const at =
  (...places: number[]): Clean =>
  (args) =>
    args.map((one, index) => (places.includes(index) ? '?' : one))
/** One `?` for all from this place on. */
const allFrom =
  (place: number): Clean =>
  (args) =>
    args.length > place ? [...args.slice(0, place), '?'] : args
/** Every `step`-th, the first of them the last of the first group behind `place`. */
const every =
  (step: number, place: number): Clean =>
  (args) =>
    args.map((one, index) =>
      index >= place + step - 1 && (index - place - step + 1) % step === 0 ? '?' : one,
    )

/** From the command reference of Redis: where values stand. All others keep their arguments. */
const cleaners: ReadonlyMap<string, Clean> = new Map([
  ...of('AUTH', allFrom(0)),
  ...of(
    'APPEND GETSET LPUSHX RPUSHX SET SETNX SISMEMBER ZRANK ZREVRANK ZSCORE GEORADIUSBYMEMBER',
    at(1),
  ),
  ...of('HSETNX LREM LSET SETBIT SETEX PSETEX SETRANGE ZINCRBY SMOVE RESTORE', at(2)),
  ...of('LINSERT', at(3)),
  ...of('GEOHASH GEOPOS GEODIST LPUSH RPUSH SREM ZREM SADD', allFrom(1)),
  ...of('GEOADD', every(3, 1)),
  ...of('HSET HMSET', every(2, 1)),
  ...of('MSET MSETNX', every(2, 0)),
  ...of('CONFIG', (args) => (args[0]?.toUpperCase() === 'SET' ? at(2)(args) : args)),
  ...of('BITFIELD', cleanBitField),
  ...of('ZADD', (args) => every(2, firstScore(args))(args)),
])

function of(commands: string, clean: Clean): [string, Clean][] {
  return commands.split(' ').map((command) => [command, clean])
}

function cleanArguments(command: string, args: string[]): string[] {
  return cleaners.get(command)?.(args) ?? args
}

/** `BITFIELD key SET type offset value`: the value of the first SET. */
function cleanBitField(args: string[]): string[] {
  let set = -1
  for (const [index, one] of args.entries()) {
    if (one.toUpperCase() === 'SET') set = index
    if (set > 0 && index === set + 3) return at(index)(args)
  }
  return args
}

/** `ZADD key [NX|XX] [CH] [INCR] score member …` */
function firstScore(args: readonly string[]): number {
  const place = args.findIndex((one, index) => index > 0 && !/^(?:NX|XX|GT|LT|CH|INCR)$/.test(one))
  return place < 0 ? args.length : place
}

/** Words between blanks; a quoted one may hold blanks and line ends. */
function commandsOf(text: string): string[][] {
  const commands: string[][] = []
  let current: string[] = []
  word.lastIndex = 0
  const trimmed = text.trim()
  for (let match = word.exec(trimmed); match !== null; match = word.exec(trimmed)) {
    if (match[0] !== '\n') current.push(match[0])
    else {
      if (current.length > 0) commands.push(current)
      current = []
    }
  }
  if (current.length > 0) commands.push(current)
  return commands
}

const word = /\n|(?:"(?:[^"\\]|\\[\s\S])*(?:"|$)|\\[\s\S]|[^\s"\\]|\\$)+/g
