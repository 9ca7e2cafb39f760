type Options =
  | { readonly type: 'minor' }
  | { readonly type: 'major'; readonly flavor: 'regular' | 'last-resort' }

/** A collection, over when it returns. `last-resort` repeats until nothing more comes free, and drops caches. */
export type Collect = (options: Options) => void

/** Undefined where Node runs without `--expose-gc`; bin/remora starts it with that. */
export const collect = globalThis.gc as Collect | undefined
