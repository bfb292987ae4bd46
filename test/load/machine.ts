import { execFileSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { basename, join } from 'node:path'
import { installEnvoy } from '@gavel/standalone/backends/envoy.ts'
import { installKafka } from '@gavel/standalone/backends/kafka.ts'
import { installMongod } from '@gavel/standalone/backends/mongodb.ts'
import { installPostgres } from '@gavel/standalone/backends/postgres.ts'
import { installRedis } from '@gavel/standalone/backends/redis.ts'
import { readDirectories, repository } from '@gavel/standalone/config.ts'
import { withOpenFiles } from './program.ts'

export type Machine = {
  processor: string
  cores: number
  memoryGibibytes: number
  system: string
  /** Open files that each process may have; connections are files. `unlimited` where there is no bound. */
  openFiles: string
  versions: Record<string, string>
  commit: string
}

const versionOf = (program: string): string => {
  const said = execFileSync(program, ['--version'], { encoding: 'utf8' })
  return /\d+\.\d+(\.\d+)?/.exec(said.replace(/[0-9a-f]{40}/, ''))?.[0] ?? said.trim()
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { cwd: repository, encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}

/** What the figures were measured on, for whoever compares them later. */
export async function describeMachine(progress: (line: string) => void): Promise<Machine> {
  const processors = cpus()
  const directories = readDirectories()
  const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with changes'
  const { jars } = await installKafka(directories, progress)
  const kafka = jars.map((jar) => /^kafka_[\d.]+-([\d.]+)\.jar$/.exec(basename(jar))?.[1]).find(Boolean)
  const openFiles = execFileSync('/bin/sh', ['-c', withOpenFiles, 'sh', '/bin/sh', '-c', 'ulimit -n'], {
    encoding: 'utf8'
  })
  return {
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGibibytes: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    openFiles: openFiles.trim(),
    versions: {
      'Node.js': process.versions.node,
      Envoy: versionOf(await installEnvoy(directories, progress)),
      Kafka: kafka ?? 'unknown',
      MongoDB: versionOf(await installMongod(directories, progress)),
      PostgreSQL: versionOf(join(await installPostgres(directories, progress), 'postgres')),
      Redis: versionOf(await installRedis(directories, progress))
    },
    commit: `${git('rev-parse', '--short=12', 'HEAD') || 'unknown'}${changed}`
  }
}

/** The load average of the last minute before something began, and the highest while it ran. */
export type LoadAverage = { before: number; highest: number }

export function watchLoad(everyMs = 5_000): { end(): LoadAverage } {
  const before = loadavg()[0]!
  let highest = before
  const timer = setInterval(() => (highest = Math.max(highest, loadavg()[0]!)), everyMs)
  return {
    end: () => {
      clearInterval(timer)
      const rounded = (value: number): number => Number(value.toFixed(1))
      return { before: rounded(before), highest: rounded(Math.max(highest, loadavg()[0]!)) }
    }
  }
}
