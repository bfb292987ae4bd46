import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { glob, readFile, writeFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { builtPages } from './config.ts'

const repository = join(import.meta.dirname, '../../../..')
/** A platform that runs goes on serving the build it started with, so the last few stay. */
const buildsKept = 3

/** Everything that the built pages are made of: the same inputs make the same pages. */
const inputs = [
  'package-lock.json',
  'services/web/src/{page,build}/**/*',
  'services/contracts/src/**/*.ts',
  'services/bidding/src/{verify,domain,ledger}/**/*.ts'
]

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256')
  const files = (await Array.fromAsync(glob(inputs, { cwd: repository, withFileTypes: true })))
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
  for (const file of files.toSorted())
    hash.update(relative(repository, file)).update('\0').update(readFileSync(file)).update('\0')
  return hash.digest('hex')
}

const current = join(builtPages, 'current')
const builtFrom = (): string | undefined => (existsSync(current) ? basename(realpathSync(current)) : undefined)

const compress = { br: promisify(brotliCompress), gz: promisify(gzip) }

/** Beside each file that gains by it, the file as it is sent: compressed once and hard, not lightly for every reader. */
async function precompress(folder: string): Promise<void> {
  for await (const name of glob('**/*.{js,css,html,svg,json}', { cwd: folder })) {
    const file = join(folder, name)
    const content = await readFile(file)
    if (content.length < 1024) continue
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length }
    await writeFile(`${file}.br`, await compress.br(content, { params }))
    await writeFile(`${file}.gz`, await compress.gz(content, { level: 9 }))
  }
}

/** What was built becomes what is served from the next start on, in one step; old builds go. */
function install(aside: string, name: string): void {
  const place = join(builtPages, name)
  rmSync(place, { recursive: true, force: true })
  renameSync(aside, place)
  const link = `${current}.${process.pid}`
  symlinkSync(name, link)
  renameSync(link, current)
  const builds = readdirSync(builtPages)
    .filter((each) => /^[0-9a-f]{16}$/.test(each))
    .map((each) => ({ each, at: statSync(join(builtPages, each)).mtimeMs }))
    .toSorted((a, b) => b.at - a.at)
  for (const { each } of builds.slice(buildsKept)) rmSync(join(builtPages, each), { recursive: true, force: true })
}

/**
 * Builds the pages where what is built is not what the sources make, each build in a folder of its own that is moved into place when it is
 * whole: a broken one is never served, and two at once do not disturb each other. Returns whether there was anything to do.
 */
export async function buildPages(progress: (line: string) => void = () => undefined): Promise<boolean> {
  const wanted = (await fingerprint()).slice(0, 16)
  if (builtFrom() === wanted) return false
  const began = performance.now()
  progress('building the pages')
  const { build } = await import('vite')
  const { default: config } = await import('./vite.config.ts')
  const aside = join(builtPages, `partial-${process.pid}`)
  try {
    await build({ ...config, mode: 'production', logLevel: 'error', build: { ...config.build, outDir: aside } })
    await precompress(aside)
    install(aside, wanted)
  } catch (error) {
    // Another build of the same sources may have been faster.
    if (builtFrom() !== wanted) throw error
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
  progress(`the pages are built (${((performance.now() - began) / 1000).toFixed(1)} s)`)
  return true
}
