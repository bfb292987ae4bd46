import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { stringify } from 'yaml'
import { asyncApiDocument } from './asyncapi.ts'
import { compareWithLock, extendLock, type EventLock } from './compatibility.ts'
import { openApiOfPlatform } from './openapi.ts'

/** Writes what follows from the contracts into docs/. `--check` writes nothing and fails where a file is stale. */

const docs = new URL('../../../docs/', import.meta.url)
const notice = '# Written by `npm run generate` from services/contracts. Do not edit.\n'
const yaml = (document: unknown): string => notice + stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 })

const textOf = async (name: string): Promise<string | undefined> =>
  await readFile(new URL(name, docs), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })

export const lockFile = 'event-schemas.lock.json'
export const readLock = async (): Promise<EventLock> => JSON.parse((await textOf(lockFile)) ?? '{}') as EventLock

export async function generatedFiles(): Promise<Record<string, string>> {
  return {
    'openapi.yaml': yaml(openApiOfPlatform()),
    'asyncapi.yaml': yaml(asyncApiDocument()),
    [lockFile]: `${JSON.stringify(extendLock(await readLock()), null, 2)}\n`
  }
}

export async function staleFiles(): Promise<string[]> {
  const files = Object.entries(await generatedFiles())
  const stale = await Promise.all(files.map(async ([name, text]) => ((await textOf(name)) === text ? [] : [name])))
  return stale.flat()
}

async function main(check: boolean): Promise<void> {
  const { changed } = compareWithLock(await readLock())
  for (const type of changed) {
    console.error(
      `${type} differs from what was published. Give the new shape a new version (defineEvent's second argument).`
    )
  }
  if (changed.length > 0) {
    console.error(`Was it never released? Then remove it from docs/${lockFile} and run this again.`)
    process.exitCode = 1
  }
  if (check) {
    const stale = await staleFiles()
    for (const name of stale) console.error(`docs/${name} is stale: run npm run generate`)
    if (stale.length > 0) process.exitCode = 1
    return
  }
  await mkdir(docs, { recursive: true })
  for (const [name, text] of Object.entries(await generatedFiles())) {
    await writeFile(new URL(name, docs), text)
    console.log(`docs/${name}`)
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.includes('--check'))
