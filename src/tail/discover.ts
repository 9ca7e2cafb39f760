import { resolve } from 'node:path'
import type { FileSystem } from './file-system.ts'
import { compileGlob, type Glob, matchGlob, matchName, type Segment } from './glob.ts'
import { chooseFirst, type OrderingSettings } from './ordering.ts'
import type { Told } from './wake.ts'

// A loop of directory links under `**` must end; real trees are not as deep.
const depthMax = 64

/** Finds the paths that the include patterns name and the exclude patterns do not. */
export class Discovery {
  /** The include patterns as they were given. */
  readonly patterns: readonly string[]
  readonly #files: FileSystem
  readonly #include: readonly Glob[]
  readonly #exclude: readonly Glob[]
  readonly #ordering: OrderingSettings | undefined
  readonly #unreadable: (directory: string, error: NodeJS.ErrnoException) => void
  #hasLinks = false
  #last: { readonly paths: readonly string[]; readonly bases: string } | undefined

  /** `unreadable` hears of directories that exist and cannot be listed. Throws an Error for a bad pattern. */
  constructor(
    files: FileSystem,
    include: readonly string[],
    exclude: readonly string[],
    ordering: OrderingSettings | undefined,
    unreadable: (directory: string, error: NodeJS.ErrnoException) => void,
  ) {
    this.patterns = include
    this.#files = files
    this.#include = include.flatMap(compileGlob)
    this.#exclude = exclude.flatMap(compileGlob)
    this.#ordering = ordering
    this.#unreadable = unreadable
  }

  /** Directories without pattern characters in front of each include pattern: what a watcher watches. */
  get bases(): readonly string[] {
    return [...new Set(this.#include.map((glob) => literalBase(glob)))]
  }

  /**
   * Whether all that matches lies in the bases themselves, and none of it was a link when `paths` looked last; unknown,
   * thus false, where nobody watched.
   */
  get isFlat(): boolean {
    return !this.#hasLinks && this.#include.every(({ segments }) => depthOf(segments) === 1)
  }

  /** Include patterns that name one path. */
  get literals(): readonly string[] {
    return this.#include
      .filter(({ segments }) => segments.every(({ literal }) => literal !== undefined))
      .map(
        ({ absolute, segments }) =>
          (absolute ? '/' : '') + segments.map(({ literal }) => literal).join('/'),
      )
  }

  /**
   * The candidates, each once, sorted. Nothing is said about what they are: a path may be a directory or a FIFO.
   *
   * `told`: since the last call. Quiet bases are listed anew only if something else is there now, such as a volume that
   * was mounted: a list of 20,000 names is garbage of some megabytes. While nobody watches, which is while files are
   * written to, nothing is asked but the list: each question costs as much as several lines.
   */
  async paths(told: Told = 'unwatched'): Promise<readonly string[]> {
    const watched = told !== 'unwatched' && this.#ordering === undefined
    const bases = watched ? await this.#look() : ''
    const last = this.#last
    if (told === 'quiet' && bases !== '' && bases === last?.bases && this.isFlat) return last.paths
    const paths = await this.#listAll(watched)
    this.#last = { paths, bases }
    return paths
  }

  /** What the bases are now; empty where one cannot be asked. */
  async #look(): Promise<string> {
    try {
      const looks = await Promise.all(this.bases.map((base) => this.#files.stat(base)))
      return looks.map(({ dev, ino, mtimeMs, ctimeMs }) => [dev, ino, mtimeMs, ctimeMs]).join()
    } catch {
      // It is gone or may not be asked, which the list will tell.
      return ''
    }
  }

  async #listAll(watched: boolean): Promise<readonly string[]> {
    const found = new Set<string>()
    this.#hasLinks = !watched
    for (const glob of this.#include) {
      await this.#walk(glob.absolute ? '/' : '', glob.segments, 0, found, 0)
    }
    const kept = [...found].filter((path) => !this.#exclude.some((glob) => matchGlob(glob, path)))
    kept.sort()
    if (this.#ordering === undefined) useAgain(this.#last?.paths ?? [], kept)
    return this.#ordering === undefined
      ? kept
      : await chooseFirst(kept, this.#ordering, this.#files)
  }

  async #walk(
    directory: string,
    segments: readonly Segment[],
    index: number,
    found: Set<string>,
    depth: number,
  ): Promise<void> {
    const segment = segments[index]
    if (segment === undefined || depth > depthMax) return
    const last = index === segments.length - 1
    if (segment.literal !== undefined) {
      const path = directory + segment.literal
      if (last) {
        found.add(path)
        if (!this.#hasLinks) this.#hasLinks = await this.#leadsElsewhere(path)
      } else await this.#walk(`${path}/`, segments, index + 1, found, depth + 1)
      return
    }
    if (segment.doubleStar && !last) await this.#walk(directory, segments, index + 1, found, depth)
    for (const entry of await this.#list(directory)) {
      if (!matchName(segment, entry.name)) continue
      // Joined, not added: what V8 makes of an addition keeps its parts, and files keep their paths.
      const path = [directory, entry.name].join('')
      // `**` descends into directories, not into links to them: a link to a parent would never end.
      if (segment.doubleStar && entry.isDirectory()) {
        await this.#walk(`${path}/`, segments, index, found, depth + 1)
      } else if (last) {
        if (!entry.isDirectory()) found.add(path)
        if (entry.isSymbolicLink()) this.#hasLinks = true
      } else if (!segment.doubleStar && (entry.isDirectory() || entry.isSymbolicLink())) {
        await this.#walk(`${path}/`, segments, index + 1, found, depth + 1)
      }
    }
  }

  async #leadsElsewhere(path: string): Promise<boolean> {
    const place = await this.#files.realPath(path).catch(() => undefined)
    return place !== undefined && place !== resolve(path)
  }

  async #list(directory: string): ReturnType<FileSystem['list']> {
    try {
      return await this.#files.list(directory === '' ? '.' : directory)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ENOTDIR') {
        this.#unreadable(directory, error as NodeJS.ErrnoException)
      }
      return []
    }
  }
}

/** Where a path was in the list before, takes its string from there: each file keeps one. Both lists are sorted. */
function useAgain(before: readonly string[], paths: string[]): void {
  let at = 0
  for (const [index, path] of paths.entries()) {
    while ((before[at] ?? path) < path) at++
    const had = before[at]
    if (had === path) paths[index] = had
  }
}

/** How many segments there are behind the base. */
function depthOf(segments: readonly Segment[]): number {
  const pattern = segments.findIndex(({ literal }) => literal === undefined)
  return pattern < 0 ? 1 : segments.length - pattern
}

function literalBase(glob: Glob): string {
  const parts: string[] = []
  for (const segment of glob.segments.slice(0, -1)) {
    if (segment.literal === undefined) break
    parts.push(segment.literal)
  }
  return (glob.absolute ? '/' : '') + parts.join('/') || '.'
}
