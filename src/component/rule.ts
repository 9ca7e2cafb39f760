import * as v from 'valibot'

/** What is wrong, and with which option of the object; without one, with the object as a whole. */
export interface Fault {
  readonly message: string
  readonly at?: readonly (string | number)[] | undefined
}

/**
 * A rule between options of one object. `v.check` waits until the whole object is right; this one only until the `options` that it
 * compares are, so that a person who made two mistakes is told both in one round.
 */
export function rule<T extends object, K extends keyof T & string>(
  options: readonly K[],
  holds: (options: Pick<T, K>) => boolean,
  message: string,
  at?: readonly string[],
) {
  return rules<T, K>(options, (given) => (holds(given) ? [] : [{ message, at }]))
}

/** As `rule`, where the options can be at odds in several ways, or the message depends on them. */
export function rules<T extends object, K extends keyof T & string>(
  options: readonly K[],
  faultsOf: (options: Pick<T, K>) => readonly Fault[],
) {
  return v.rawCheck<T>(({ dataset, addIssue }) => {
    const isFaulty = (option: K): boolean =>
      (dataset.issues ?? []).some(({ path, kind }) =>
        path === undefined ? kind === 'schema' : path[0].key === option,
      )
    if (!dataset.typed && options.some(isFaulty)) return
    for (const { message, at = [] } of faultsOf(dataset.value as T)) {
      const [first, ...others] = at.map((key) => placeOf(key))
      addIssue(first === undefined ? { message } : { message, path: [first, ...others] })
    }
  })
}

/** A place of an issue, for `addIssue`. */
export function placeOf(key: string | number): v.UnknownPathItem {
  return { type: 'unknown', origin: 'value', input: undefined, key, value: undefined }
}
