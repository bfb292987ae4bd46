import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { kubernetesBinaries, type KubernetesBinaries } from '../../test/cluster/kubernetes-binaries.ts'

declare module 'vitest' {
  interface ProvidedContext {
    kubernetesBinaries: KubernetesBinaries
    temporaryDirectory: string
  }
}

/** Builds or finds the Kubernetes binaries once for all files of the suite. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cache = process.env['GAVEL_CACHE'] ?? join(import.meta.dirname, '..', '..', '.gavel', 'cache')
  const directory = await mkdtemp(join(tmpdir(), 'gavel-operator-'))
  project.provide('kubernetesBinaries', await kubernetesBinaries({ cache }))
  project.provide('temporaryDirectory', directory)
  return () => rm(directory, { recursive: true, force: true })
}
