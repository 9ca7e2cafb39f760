import type { LoadRegistry } from '../component/registry.ts'

/** What a command may touch of the world, so that tests can run it in their own process. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Bytes where they came from outside and may be no UTF-8. */
  stdout(text: string | Uint8Array): void
  stderr(text: string): void
  /** Throws an Error for a person: `no such file`, with the error of the system, if there is one, as its cause. */
  readFile(path: string): string
  /** Standard input, where it is not that of the process. */
  readonly stdin?: NodeJS.ReadableStream
  /** Whether a program writes into standard input: `app | remora`. */
  readonly isPiped?: boolean
  /** The terminal that shows the output; undefined where it goes elsewhere. */
  readonly terminal?: { readonly columns: number }
  /** `run` is called when nobody reads the output any more: `remora … | head -1`. */
  onReaderGone?(run: () => void): void
  readonly loadRegistry: LoadRegistry
}
