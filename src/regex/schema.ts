import * as v from 'valibot'
import { parses } from '../component/schema.ts'
import { compilePattern } from './pattern.ts'

/** A pattern in RE2 syntax. */
export const pattern = () => v.pipe(v.string('must be a pattern'), parses(compilePattern))
