import * as v from 'valibot'
import { parses } from '../component/schema.ts'
import { compilePattern, type Pattern } from './pattern.ts'
import { PatternError } from './pattern-error.ts'

/** A pattern in RE2 syntax. */
export const pattern = () => v.pipe(v.string('must be a pattern'), parses(compilePattern))

/** A pattern in RE2 syntax, as it is run. */
export const compiledPattern = () =>
  v.pipe(
    v.string('must be a pattern'),
    v.rawTransform(({ dataset, addIssue, NEVER }): Pattern => {
      try {
        return compilePattern(dataset.value)
      } catch (error) {
        if (!(error instanceof PatternError)) throw error
        addIssue({ message: error.message })
        return NEVER
      }
    }),
  )
