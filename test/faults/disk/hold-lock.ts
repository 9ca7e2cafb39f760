/** Holds the lock of a directory until it is killed. `node hold-lock.ts <directory>` */
import { lockDirectory } from '../../../src/buffer/disk/directory-lock.ts'

await lockDirectory(process.argv[2] ?? '')
process.stdout.write('locked\n')
process.stdin.resume()
