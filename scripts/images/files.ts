import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from '@gavel/standalone/install.ts'

/** The user of our images, without a shell and without a home. */
export const user = 10_001

/** Copies a file to a path of the image, its links followed. */
export function put(root: string, from: string, to: string): void {
  const target = join(root, to)
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(realpathSync(from), target)
}

export function write(root: string, to: string, text: string): void {
  const target = join(root, to)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, text)
}

export function writeProgram(root: string, to: string, text: string): void {
  write(root, to, text)
  chmodSync(join(root, to), 0o755)
}

/** The text of what makes a layer: with another recipe it is made anew. */
export const recipeOf = (file: string): string =>
  [file, import.meta.filename].map((part) => readFileSync(part, 'utf8')).join('\n')

export function link(root: string, target: string, path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  symlinkSync(target, join(root, path))
}

/** Programs with the shared libraries that they ask for, at the paths where their loader looks. */
export async function putPrograms(root: string, programs: Readonly<Record<string, string>>): Promise<void> {
  const libraries = new Set<string>()
  for (const [to, from] of Object.entries(programs)) {
    put(root, from, to)
    for (const library of await librariesOf(from)) libraries.add(library)
  }
  for (const library of libraries) put(root, library, library)
}

export async function librariesOf(program: string): Promise<string[]> {
  const said = await run('ldd', [realpathSync(program)]).catch(() => '')
  return [...said.matchAll(/(?:=> )?(\/[^\s)]+) \(0x/g)].map(([, path]) => path!)
}

/** What getaddrinfo and getpwuid read, and the libraries that the former loads by name. */
export async function putNames(root: string, users: Readonly<Record<string, number>>): Promise<void> {
  write(root, 'etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n')
  const all = Object.entries({ root: 0, ...users })
  write(root, 'etc/passwd', all.map(([name, id]) => `${name}:x:${id}:${id}::/:/usr/sbin/nologin\n`).join(''))
  write(root, 'etc/group', all.map(([name, id]) => `${name}:x:${id}:\n`).join(''))
  mkdirSync(join(root, 'tmp'), { recursive: true })
  const cache = await run('ldconfig', ['-p'])
  for (const name of ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2']) {
    const path = new RegExp(`${name.replaceAll('.', '\\.')} \\(.*=> (/\\S+)`).exec(cache)?.[1]
    if (path) put(root, path, path)
  }
}

/** A package's files as it runs: without types, source maps, tests and prose. */
export function putPackage(root: string, from: string, to: string): void {
  const unwanted =
    /(\.d\.[cm]?ts|\.map|\.md|\.markdown|\.flow|\.tsbuildinfo)$|^\/(test|tests|__tests__|\.github|docs|examples?|benchmarks?)$/i
  cpSync(from, join(root, to), {
    recursive: true,
    filter: (path) => path === from || (!unwanted.test(path.slice(from.length)) && !path.endsWith('/node_modules'))
  })
}

/** The shared libraries that a package's native parts ask for. */
export async function putNativeLibraries(root: string, from: string): Promise<void> {
  const files = readdirSync(from, { recursive: true, withFileTypes: true })
  for (const file of files.filter(({ name }) => name.endsWith('.node'))) {
    for (const library of await librariesOf(join(file.parentPath, file.name))) put(root, library, library)
  }
}

/** A workspace package: its sources without their tests, and what it reads at run time beside them. */
export function putWorkspace(root: string, repository: string, folder: string, extras: readonly string[] = []): void {
  const from = join(repository, folder)
  const parts = ['package.json', 'src', 'migrations', ...extras].filter((part) => existsSync(join(from, part)))
  for (const part of parts) {
    // What is a link here, as the newest build of the pages is, is in the image what it leads to.
    cpSync(realpathSync(join(from, part)), join(root, 'app', folder, part), {
      recursive: true,
      filter: (path) => !path.endsWith('.test.ts')
    })
  }
}

export const entriesOf = (directory: string): string[] =>
  existsSync(directory) ? readdirSync(directory).toSorted() : []
