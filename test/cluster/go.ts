import { spawn } from 'node:child_process'

export type Progress = (line: string) => void

/** Runs `go` with settings under which a build is the same on every machine. */
export function go(args: readonly string[], directory: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('nice', ['-n', '5', 'go', ...args], {
      cwd: directory,
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -mod=mod', GOWORK: 'off' }
    })
    const output: Buffer[] = []
    const errors: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
    child.on('error', reject)
    child.on('exit', (code) => {
      const said = Buffer.concat(errors).toString()
      if (code === 0) resolve(Buffer.concat(output).toString())
      else if (code === 127) reject(new Error('Go is needed to build the test cluster: install Go 1.24 or newer.'))
      else reject(new Error(`go ${args[0]} failed:\n${said.slice(-2000)}`))
    })
  })
}

/** Says every half minute that a long build goes on, and at the end how long it took. */
export async function telling<T>(what: string, log: Progress, work: () => Promise<T>): Promise<T> {
  const startedAt = Date.now()
  const seconds = (): number => Math.round((Date.now() - startedAt) / 1000)
  log(`building ${what} from Go modules (once)`)
  const progress = setInterval(() => log(`  still building ${what}, ${seconds()} s`), 30_000)
  try {
    const result = await work()
    log(`  built ${what} in ${seconds()} s`)
    return result
  } finally {
    clearInterval(progress)
  }
}
