import { KubeClient, type KubeObject, type ResourceKind } from '../src/kube/client.ts'
import { conditionOf, type Condition } from '../src/kube/conditions.ts'
import { customResources } from '../src/controllers/index.ts'
import { customResourceDefinition } from '../src/kube/custom-resource.ts'
import { eventually } from '../../test/support/eventually.ts'

const definitions: ResourceKind = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false
}
export const namespaces: ResourceKind = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false
}

/** Installs every CRD and waits until the API server serves them. */
export async function applyCrds(client: KubeClient): Promise<void> {
  for (const resource of customResources) {
    const definition = customResourceDefinition(resource) as unknown as KubeObject
    await client.apply(definitions, definition, 'test')
    await eventually(async () => {
      const { status } = (await client.get(definitions, undefined, definition.metadata.name)) as {
        status?: { conditions?: Condition[] }
      }
      return conditionOf(status?.conditions, 'Established')?.status === 'True'
    })
    await eventually(async () => (await client.list(resource, undefined)).items)
  }
}
