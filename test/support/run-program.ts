import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { repository } from '@gavel/standalone/config.ts'

export type Ran = { code: number; stdout: string; stderr: string }

/** Fails with all that was said where a program did not end well. */
export function requireSuccess({ code, stdout, stderr }: Ran): void {
  if (code !== 0) throw new Error(`It ended with code ${code}:\n${stdout}\n${stderr}`)
}

/** Runs one of the repository's programs to its end, as npm would, and says how it ended. */
export function runProgram(
  entry: string,
  args: readonly string[],
  env: Record<string, string> = {},
  boundMs = 240_000
): Promise<Ran> {
  const options = { cwd: repository, env: { ...process.env, ...env }, timeout: boundMs, maxBuffer: 16 * 1024 * 1024 }
  return new Promise((resolve) => {
    execFile(process.execPath, [join(repository, entry), ...args], options, (error, stdout, stderr) => {
      // Ended by a signal or by the bound: no code of its own.
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, stdout, stderr })
    })
  })
}
