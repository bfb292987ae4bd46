import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartFailure } from './failure.ts'

/** A number is given to another process after a while, so the command must be ours too. */
function isOurs(pid: number): boolean {
  try {
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)])
      .toString()
      .includes('standalone/src/')
  } catch {
    return false
  }
}

/**
 * Makes this process the only one that works in the folder: two platforms on one set of data would destroy it, and
 * `--fresh` would clear what another one is using. A claim whose process is gone is taken over.
 */
export function claimFolder(home: string): Disposable {
  const file = join(home, 'running.pid')
  mkdirSync(home, { recursive: true })
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      return { [Symbol.dispose]: () => rmSync(file, { force: true }) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const pid = Number(readFileSync(file, 'utf8'))
      if (pid !== process.pid && isOurs(pid)) {
        throw new StartFailure(
          `Gavel already runs from ${home} (process ${pid}). End it first, or set GAVEL_DIRECTORY to another folder.`
        )
      }
      rmSync(file, { force: true })
    }
  }
  throw new StartFailure(`${file} could not be claimed; another start is claiming it at this moment.`)
}
