import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Locked {
  resolved?: string
  link?: boolean
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

export interface Closure {
  /** Folders of workspace packages, such as `services/platform`. */
  workspaces: string[]
  /** Paths of installed packages, such as `node_modules/pg`. */
  packages: string[]
}

/** What one workspace package needs when it runs, as package-lock.json has it: by Node's own way to look a package up. */
export function closureOf(repository: string, folder: string): Closure {
  const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>
  }
  const workspaces = new Set<string>()
  const installed = new Set<string>()
  const visit = (path: string): void => {
    const entry = packages[path]
    if (!entry) throw new Error(`package-lock.json does not have ${path}`)
    if (entry.link) return visit(entry.resolved!)
    const seen = path.includes('node_modules/') ? installed : workspaces
    if (seen.has(path)) return
    seen.add(path)
    for (const name of Object.keys(entry.dependencies ?? {})) visit(located(packages, path, name))
    // Those of other systems are locked too, and are not installed here.
    for (const name of Object.keys({ ...entry.optionalDependencies, ...entry.peerDependencies })) {
      const found = locate(packages, path, name)
      if (found !== undefined && existsSync(join(repository, found))) visit(found)
    }
  }
  visit(folder)
  return { workspaces: [...workspaces].toSorted(), packages: [...installed].toSorted() }
}

function locate(packages: Record<string, Locked>, from: string, name: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(at.lastIndexOf('/node_modules/'), 0))) {
    const candidate = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`
    if (packages[candidate]) return candidate
    if (at === '') return undefined
    if (!at.includes('/node_modules/')) at = ''
    if (at === '' && packages[`node_modules/${name}`]) return `node_modules/${name}`
  }
}

function located(packages: Record<string, Locked>, from: string, name: string): string {
  const found = locate(packages, from, name)
  if (found === undefined) throw new Error(`package-lock.json has no ${name} for ${from}`)
  return found
}
