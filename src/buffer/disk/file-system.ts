/**
 * The few calls of the operating system that the disk queue makes, so that tests can let each of them fail, lose what was
 * not synced, or be the last one before a crash. Every call rejects with a Node error that has a `code`.
 */
export interface FileSystem {
  /** Makes a new, empty file and opens it for reading and writing. Rejects with EEXIST. */
  create(path: string): Promise<number>
  /** Opens a file that exists. Follows no symbolic link. */
  open(path: string, access: 'read' | 'write'): Promise<number>
  close(file: number): Promise<void>
  /** Writes at `offset`; returns how many bytes, which may be fewer than given. */
  writev(file: number, buffers: readonly Uint8Array[], offset: number): Promise<number>
  /** Reads from `offset`; returns how many bytes: fewer than asked at the end of the file. */
  read(file: number, into: Uint8Array, offset: number): Promise<number>
  /** Returns once the bytes and the size of the file are on the disk. */
  sync(file: number): Promise<void>
  /** False once the file has been removed: what is written to it goes when it is closed. */
  isLinked(file: number): Promise<boolean>
  truncate(file: number, sizeBytes: number): Promise<void>
  /** In bytes. */
  size(path: string): Promise<number>
  /** Names of the regular files in the directory. */
  list(directory: string): Promise<string[]>
  /** Replaces `to` if it exists. */
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** Returns once files made, renamed and removed in the directory are so on the disk too. */
  syncDirectory(directory: string): Promise<void>
}

/** The code of a Node error, such as ENOSPC. */
export function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}

/** Writes all of the buffers; a short write goes on where it stopped. */
export async function writeAll(
  fs: FileSystem,
  file: number,
  buffers: readonly Uint8Array[],
  sizeBytes: number,
  offset: number,
): Promise<void> {
  let written = await fs.writev(file, buffers, offset)
  // Fast path: nearly every write is whole.
  while (written < sizeBytes) {
    const more = await fs.writev(file, withoutFirst(buffers, written), offset + written)
    if (more === 0) throw Object.assign(new Error('the file takes no more bytes'), { code: 'EIO' })
    written += more
  }
}

/** Reads until `into` is full or the file ends. */
export async function readAll(
  fs: FileSystem,
  file: number,
  into: Uint8Array,
  offset: number,
): Promise<number> {
  let total = await fs.read(file, into, offset)
  while (total > 0 && total < into.byteLength) {
    const more = await fs.read(file, into.subarray(total), offset + total)
    if (more === 0) break
    total += more
  }
  return total
}

function withoutFirst(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const rest: Uint8Array[] = []
  let skip = bytes
  for (const buffer of buffers) {
    if (skip >= buffer.byteLength) {
      skip -= buffer.byteLength
      continue
    }
    rest.push(skip === 0 ? buffer : buffer.subarray(skip))
    skip = 0
  }
  return rest
}
