import type { PlainValue } from '../../../wire/otlp/any-value.ts'

export type Attributes = Readonly<Record<string, PlainValue>>

/** What is known of the place where remora runs, from one source. */
export interface Detector {
  readonly name: string
  /**
   * Empty where there is nothing to find. `complain` is told what is left out because it is wrong. Rejects with an Error
   * for a person where there is something and it cannot be read; then what was found before stays.
   */
  detect(complain: (message: string) => void): Promise<Attributes>
  /** A directory whose content decides, to be watched. */
  readonly directory?: string
}

export type Environment = Readonly<Record<string, string | undefined>>
