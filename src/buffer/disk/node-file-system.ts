import * as fs from 'node:fs'
import type { FileSystem } from './file-system.ts'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR } = fs.constants
const fileMode = 0o640

type Callback = (error: Error | null) => void
type ValueCallback<T> = (error: Error | null, value: T) => void

/** The operating system's files. Callbacks and plain descriptors: a FileHandle is an object more for every file. */
export const nodeFileSystem: FileSystem = {
  create: (path) =>
    value((done) => fs.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, fileMode, done)),
  open: (path, access) =>
    value((done) => fs.open(path, (access === 'read' ? O_RDONLY : O_RDWR) | O_NOFOLLOW, done)),
  close: (file) => nothing((done) => fs.close(file, done)),
  writev: (file, buffers, offset) =>
    value((done) => fs.writev(file, buffers as Uint8Array[], offset, done)),
  read: (file, into, offset) =>
    value((done) => fs.read(file, into, 0, into.byteLength, offset, done)),
  // The time of the last change is all that fdatasync leaves out.
  sync: (file) => nothing((done) => fs.fdatasync(file, done)),
  isLinked: async (file) => (await value<fs.Stats>((done) => fs.fstat(file, done))).nlink > 0,
  truncate: (file, sizeBytes) => nothing((done) => fs.ftruncate(file, sizeBytes, done)),
  size: async (path) => (await value<fs.Stats>((done) => fs.lstat(path, done))).size,
  list: async (directory) => {
    const entries = await value<fs.Dirent[]>((done) =>
      fs.readdir(directory, { withFileTypes: true }, done),
    )
    return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
  },
  rename: (from, to) => nothing((done) => fs.rename(from, to, done)),
  unlink: (path) => nothing((done) => fs.unlink(path, done)),
  syncDirectory: async (directory) => {
    const file = await value<number>((done) => fs.open(directory, O_RDONLY | O_DIRECTORY, done))
    try {
      await nothing((done) => fs.fsync(file, done))
    } finally {
      await nothing((done) => fs.close(file, done))
    }
  },
}

function nothing(call: (done: Callback) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error === null ? resolve() : reject(error)))
  })
}

function value<T>(call: (done: ValueCallback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, result) => (error === null ? resolve(result) : reject(error)))
  })
}
