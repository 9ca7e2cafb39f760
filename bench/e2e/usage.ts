import { readFile } from 'node:fs/promises'

export interface Usage {
  /** User and system time since the start of the process. */
  readonly cpuSeconds: number
  readonly residentMib: number
  readonly residentPeakMib: number
  /** What a container's memory limit cannot reclaim. */
  readonly anonymousMib: number
}

// USER_HZ, which is 100 on every Linux that Node supports.
const ticksPerSecond = 100

/** What one process has used, from /proc (Linux only). */
export async function readUsage(pid: number): Promise<Usage> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ])
  // The name in brackets may hold spaces; the fields after it are counted from 3 (proc_pid_stat(5)): utime is 14.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const mib = (key: string): number => {
    const match = new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)
    return match === null ? Number.NaN : Number(match[1]) / 1024
  }
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    residentMib: mib('VmRSS'),
    residentPeakMib: mib('VmHWM'),
    anonymousMib: mib('RssAnon'),
  }
}
