import { readFileSync } from 'node:fs'

/** Resident memory of a process in MiB. NaN where there is no /proc, or no such process. */
export function residentMebibytes(pid: number | undefined): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  } catch {
    return Number.NaN
  }
}
