import assert from 'node:assert/strict'
import { FakeClock } from '../../support/fake-clock.ts'
import { Random } from '../../support/random.ts'
import { Application, directory, type Step, steps } from './application.ts'
import { OneLife, type Sent } from './one-life.ts'
import { type Inode, SimulatedFiles } from './simulated-files.ts'

/*
 * A model of what may happen to the logs of an application, against file_log on a simulated file system, with a clock and
 * a backend of its own. Everything follows from the seed.
 *
 *     the application    writes, rotates, truncates, … in parts; also between any two calls of remora to the file system
 *     the backend        answers late, in any order, or refuses at first
 *     remora             is stopped and started again, or dies at any call
 *
 * Every line has a number. What must come: each line that stands in a file within the patterns while remora runs, and each
 * of a file that was moved away or deleted while remora had it open. What must not come: lines that stood in files before
 * the first start with `start_at: end`. What may come twice: lines of a batch that was not acknowledged, with all before
 * it, 250 ms and two writes of the positions before a crash; once for each crash.
 */
const savePeriodMs = 250
const patienceMs = 90_000
/** Calls to the file system in one pass of time; the busiest passes have some hundreds. */
const callsMax = 20_000

/** What is not left to chance: a bug that needs one of these is found in few runs. */
export interface Bias {
  readonly answerMs?: number
  readonly interference?: number
}

interface Arrival {
  readonly life: number
  readonly path: string
  readonly sent: Sent
}

/** How a life ended. */
interface End {
  readonly life: OneLife
  /** Infinity for a clean stop. */
  readonly crashMs: number
}

export class TailModel {
  readonly trace: string[] = []
  readonly #random: Random
  readonly #clock = new FakeClock()
  readonly #files: SimulatedFiles
  readonly #application: Application
  readonly #saved = new Map<string, Uint8Array>()
  readonly #config: Record<string, unknown>
  readonly #writeMs: number
  readonly #answerMs: number
  readonly #refusals: number
  /** Of so many calls to the file system, one lets the application go on. */
  readonly #interference: number
  /** A call to the file system, in so many, at which remora dies; 0: it does not. */
  #crashIn = 0
  readonly #fewFiles: boolean
  readonly #arrivals = new Map<number, Arrival[]>()
  readonly #ends: End[] = []
  /** Lines that need not come. */
  readonly #optional = new Set<number>()
  readonly #repeatable = new Set<number>()
  /** Those that were there before the first start, with `start_at: end`. */
  readonly #leftOut = new Set<number>()
  /** Files that are nowhere any more, and that remora has open. */
  #held: { readonly inode: Inode; readonly lines: readonly number[] }[] = []
  #life: OneLife
  /** What the application is in the middle of. */
  #parts: Generator<void, void, void> | undefined
  #undisturbed = true
  #callsOfPass = 0

  private constructor(seed: number, bias: Bias) {
    const random = new Random(seed)
    this.#random = random
    this.#files = new SimulatedFiles({
      reusesInodes: random.below(2) === 0,
      keepsBirth: random.below(4) > 0,
      nowMs: () => this.#clock.nowMs(),
    })
    this.#writeMs = random.pick([0, 0, 30])
    const answerMs = random.pick([0, 300, 3000])
    this.#answerMs = bias.answerMs ?? answerMs
    this.#refusals = random.pick([0, 0, 5])
    this.#fewFiles = random.below(5) === 0
    const interference = random.pick([0, 0, 100, 10])
    this.#interference = bias.interference ?? interference
    const startAtEnd = random.below(4) === 0
    this.#config = {
      include: [`${directory}app.log*`],
      start_at: startAtEnd ? 'end' : 'beginning',
      poll_interval: '200ms',
      force_flush_period: 0,
      include_file_path: true,
      watch: false,
      drain: { quiet_period: 0 },
      max_concurrent_files: this.#fewFiles ? 2 : 1024,
    }
    this.#say(
      `writes ${this.#writeMs} ms, answers ${this.#answerMs} ms, refuses 1 in ${this.#refusals}, interferes 1 in ` +
        `${this.#interference}, few files ${this.#fewFiles}, start at the end ${startAtEnd}`,
    )
    this.#application = new Application(this.#files, random, {
      gone: (lines, heldBy) => this.#gone(lines, heldBy),
      mayRepeat: (lines) => {
        for (const line of lines) this.#repeatable.add(line)
      },
    })
    if (startAtEnd) {
      // To their ends: a start in the middle of a line hands on the rest of it, and that is nobody's line.
      for (let count = random.below(10); count >= 0; count--) {
        for (const part of random.pick(steps).run(this.#application)) void part
      }
      for (const { lines } of this.#application.visible) {
        this.#forget(lines)
        for (const line of lines) this.#leftOut.add(line)
      }
      this.#say(`      ${this.#application.toString()}`)
    }
    this.#life = this.#newLife()
  }

  /** One run, by seed. Resolves with what happened, rejects with that and what went wrong. */
  static async run(seed: number, stepCount: number, bias: Bias = {}): Promise<readonly string[]> {
    const model = new TailModel(seed, bias)
    try {
      await model.#pass(500)
      model.#undisturbed = false
      for (let step = 0; step < stepCount; step++) await model.#step()
      await model.#pause()
      await model.#pass(2000)
      model.#checkDuplicates()
      model.#takeMessages()
      return model.trace
    } catch (error) {
      model.#takeMessages()
      const { message } = error as Error
      throw new Error([message, String(model.trace[0]), ...model.trace.slice(-300)].join('\n'), {
        cause: error,
      })
    } finally {
      model.#life.die()
    }
  }

  #newLife(): OneLife {
    const number = this.#ends.length
    return new OneLife({
      config: this.#config,
      clock: this.#clock,
      random: this.#random,
      files: this.#files,
      saved: this.#saved,
      writeMs: this.#writeMs,
      answerMs: this.#answerMs,
      refusals: this.#refusals,
      meanwhile: () => this.#meanwhile(),
      received: (sent) => this.#received(number, sent),
    })
  }

  async #step(): Promise<void> {
    const [name, run] = this.#pick()
    this.#say(name)
    await run()
    this.#takeMessages()
    await this.#pass(this.#random.below(600))
    if (this.#life.dead) await this.#startAgain()
  }

  #pick(): readonly [string, () => Promise<void>] {
    const others = [
      [5, 'pause', () => this.#pause()],
      [1, 'restart', () => this.#restart()],
      [1, 'crash', () => this.#crash()],
      [1, 'crash at a call', () => this.#crashAtCall()],
    ] as const
    const total = [...steps, ...others.map(([weight]) => ({ weight }))]
    let at = this.#random.below(total.reduce((sum, { weight }) => sum + weight, 0))
    for (const [weight, name, run] of others) {
      at -= weight
      if (at < 0) return [name, run]
    }
    const step = steps.find(({ weight }) => {
      at -= weight
      return at < 0
    }) as Step
    return [step.name, () => this.#act(step)]
  }

  /** A whole step of the application; time passes between its parts. */
  async #act(step: Step): Promise<void> {
    this.#finishParts()
    this.#parts = step.run(this.#application)
    while (this.#parts !== undefined) {
      this.#goOn()
      if (this.#random.below(2) === 0) await this.#pass(this.#random.below(450))
    }
  }

  #goOn(): void {
    if (this.#parts?.next().done === true) this.#parts = undefined
    this.#say(`      ${this.#application.toString()}`)
  }

  #finishParts(): void {
    while (this.#parts !== undefined) this.#goOn()
  }

  /** Before a call of remora to the file system. */
  #meanwhile(): void {
    this.#takeMessages()
    // No time passes meanwhile: only a death ends it.
    if (++this.#callsOfPass === callsMax) this.#life.die()
    if (this.#crashIn > 0 && --this.#crashIn === 0) {
      this.#say('  dies')
      this.#die()
      return
    }
    if (this.#undisturbed || this.#interference === 0) return
    if (this.#random.below(this.#interference) > 0) return
    if (this.#parts === undefined) {
      const step = this.#random.pick(steps)
      this.#say(`  meanwhile: ${step.name}`)
      this.#parts = step.run(this.#application)
    } else {
      this.#say('  meanwhile: goes on')
    }
    this.#goOn()
  }

  async #pass(ms: number): Promise<void> {
    this.#callsOfPass = 0
    await this.#life.pass(ms)
    assert.ok(this.#callsOfPass < callsMax, 'does not come to rest')
  }

  /** Until every line has come that must. */
  async #pause(): Promise<void> {
    this.#finishParts()
    if (this.#life.dead) await this.#startAgain()
    this.#undisturbed = true
    this.#crashIn = 0
    const endMs = this.#clock.monotonicMs() + patienceMs
    while (this.#missing().length > 0) {
      assert.ok(this.#clock.monotonicMs() < endMs, `lost: ${this.#missing().join(', ')}`)
      await this.#pass(200)
    }
    this.#undisturbed = false
    this.#held = []
  }

  #missing(): string[] {
    const due = (line: number): boolean => !this.#arrivals.has(line) && !this.#optional.has(line)
    const visible = this.#application.visible.map(({ path, lines }) => ({ path, lines }))
    const held = this.#held.map(({ lines }) => ({ path: 'a file that is gone', lines }))
    return [...visible, ...held].flatMap(({ path, lines }) => {
      const some = lines.filter(due)
      return some.length === 0 ? [] : [`${path}: ${some[0]} and ${some.length - 1} more`]
    })
  }

  async #restart(): Promise<void> {
    this.#undisturbed = true
    let stopped = false
    const life = this.#life
    const stopping = life.stop().then(() => {
      stopped = true
    })
    const endMs = this.#clock.monotonicMs() + patienceMs
    while (!stopped) {
      assert.ok(this.#clock.monotonicMs() < endMs, 'the stop does not end')
      await this.#pass(50)
      // It may die meanwhile, at a call that was chosen before.
      if (this.#ends.at(-1)?.life === life) return await this.#startAgain()
    }
    await stopping
    this.#ends.push({ life, crashMs: Infinity })
    this.#loseHeld()
    await this.#startAgain()
  }

  async #crash(): Promise<void> {
    if (!this.#life.dead) this.#die()
    await this.#startAgain()
  }

  async #crashAtCall(): Promise<void> {
    this.#crashIn = 1 + this.#random.below(40)
    await this.#pass(1000)
  }

  #die(): void {
    this.#crashIn = 0
    this.#life.die()
    this.#ends.push({ life: this.#life, crashMs: this.#clock.monotonicMs() })
    this.#loseHeld()
  }

  /** Things go on while remora is down. */
  async #startAgain(): Promise<void> {
    this.#undisturbed = false
    this.#takeMessages()
    for (let count = this.#random.below(3); count > 0; count--) {
      const step = this.#random.pick(steps)
      this.#say(`  while down: ${step.name}`)
      await this.#act(step)
    }
    this.#say('starts again')
    this.#life = this.#newLife()
  }

  #gone(lines: readonly number[], heldBy: Inode | undefined): void {
    const isHeld =
      heldBy !== undefined &&
      this.#life !== undefined &&
      !this.#fewFiles &&
      this.#life.reader.holds(heldBy, this.#clock.monotonicMs())
    if (isHeld) this.#held.push({ inode: heldBy, lines: [...lines] })
    else this.#forget(lines)
  }

  #forget(lines: readonly number[]): void {
    for (const line of lines) if (!this.#arrivals.has(line)) this.#optional.add(line)
  }

  #loseHeld(): void {
    for (const { lines } of this.#held) this.#forget(lines)
    this.#held = []
  }

  #received(life: number, sent: Sent): void {
    for (const [index, body] of sent.bodies.entries()) {
      if (body.startsWith('=')) continue
      const match = /^(\d+) x*\.$/.exec(body)
      assert.ok(match !== null, `a line that nobody wrote: ${JSON.stringify(body.slice(0, 100))}`)
      const line = Number(match[1])
      const arrival = { life, path: sent.paths[index] as string, sent }
      const before = this.#arrivals.get(line)
      if (before === undefined) this.#arrivals.set(line, [arrival])
      else before.push(arrival)
    }
    const [first, last] = [sent.bodies[0], sent.bodies.at(-1)]
    this.#say(`    ${sent.paths[0]}: ${first?.slice(0, 8)} to ${last?.slice(0, 8)}`)
  }

  #checkDuplicates(): void {
    for (const line of this.#leftOut) {
      const arrival = this.#repeatable.has(line) ? undefined : this.#arrivals.get(line)?.[0]
      if (arrival === undefined) continue
      const { life, sent } = arrival
      assert.fail(`line ${line} came in life ${life}, at ${sent.atMs} ms, and was there before`)
    }
    for (const [line, arrivals] of this.#arrivals) {
      if (this.#repeatable.has(line)) continue
      for (const [index, arrival] of arrivals.entries()) {
        if (index === 0 || this.#isUnsaved(arrivals[index - 1] as Arrival, arrival)) continue
        const { life, sent } = arrival
        assert.fail(
          `line ${line} came again in life ${life}, at ${sent.atMs} ms, and no crash accounts for it`,
        )
      }
    }
  }

  /** Whether the end of the life in which a line came accounts for its coming again. */
  #isUnsaved({ life, path, sent }: Arrival, again: Arrival): boolean {
    const end = this.#ends[life]
    if (again.life === life || end === undefined || end.crashMs === Infinity) return false
    const savedMs = end.crashMs - savePeriodMs - 2 * this.#writeMs
    const before = end.life.sent.slice(0, end.life.sent.indexOf(sent) + 1)
    return before.some(({ paths, answeredMs }) => answeredMs >= savedMs && paths.includes(path))
  }

  /** What remora said of its files belongs to what happened. */
  #takeMessages(): void {
    // The first calls come before there is a life.
    if (this.#life === undefined) return
    for (const { message, fields } of this.#life.settings.logger.entries.splice(0)) {
      this.#say(`    ${message} ${JSON.stringify(fields)}`)
    }
  }

  #say(text: string): void {
    this.trace.push(`${this.#clock.monotonicMs()} ${text}`)
  }
}
