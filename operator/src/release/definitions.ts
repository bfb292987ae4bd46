import { customResources } from '../controllers/index.ts'
import type { KubeClient, KubeObject, ResourceKind } from '../kube/client.ts'
import { customResourceDefinition } from '../kube/custom-resource.ts'

export const definitions: ResourceKind = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false
}

interface Definition extends KubeObject {
  spec: { versions: { name: string }[] }
  status?: { storedVersions?: string[] }
}

/** Versions in which resources are stored and which the new definition no longer has: they would be lost. */
export function lostVersions(found: Definition | undefined, wanted: Definition): string[] {
  const kept = new Set(wanted.spec.versions.map(({ name }) => name))
  return (found?.status?.storedVersions ?? []).filter((version) => !kept.has(version))
}

/** Brings the definitions to this version. All are looked at before one is changed. */
export async function upgradeDefinitions(client: KubeClient, say: (line: string) => void): Promise<void> {
  const wanted = customResources.map((resource) => customResourceDefinition(resource) as unknown as Definition)
  for (const definition of wanted) {
    const { name } = definition.metadata
    const lost = lostVersions(await client.find<Definition>(definitions, undefined, name), definition)
    if (lost.length === 0) continue
    throw new Error(
      `${name} has resources stored as ${lost.join(', ')}, which this version does not know. Write each of them once with an earlier release, then take the version out of status.storedVersions`
    )
  }
  for (const definition of wanted) {
    await client.apply(definitions, definition, 'gavel-release')
    say(`${definition.metadata.name} is up to date`)
  }
}
