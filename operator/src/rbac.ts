import { customResources } from './controllers/index.ts'
import { kinds } from './controllers/platform/resources/kinds.ts'

/** What the operator may do, as data: the least it needs. The YAML for a cluster is made from this, and its tests run under it. */
export interface PolicyRule {
  apiGroups: string[]
  resources: string[]
  verbs: string[]
}

const read = ['get', 'list', 'watch']
const readAndMake = [...read, 'create', 'patch', 'delete']

/** A Platform makes objects of every kind but its own. */
const ownRules = (): PolicyRule[] =>
  customResources.flatMap(({ group, plural, kind }) => [
    { apiGroups: [group], resources: [plural], verbs: kind === 'Platform' ? read : readAndMake },
    { apiGroups: [group], resources: [`${plural}/status`], verbs: ['patch'] },
    // For owner references that hold up the owner's deletion, where that right is enforced.
    ...(kind === 'Platform' ? [{ apiGroups: [group], resources: [`${plural}/finalizers`], verbs: ['update'] }] : [])
  ])

const madeRules = (): PolicyRule[] =>
  Object.values(kinds).map(({ group, plural }) => ({ apiGroups: [group], resources: [plural], verbs: readAndMake }))

/** In the namespaces it looks after: for a ClusterRole, or for a Role in each of them. */
export const operatorRules = (): PolicyRule[] => [
  ...ownRules(),
  ...madeRules(),
  // The Scaler writes replicas here and nowhere else, and looks who else does.
  { apiGroups: ['apps'], resources: ['deployments/scale'], verbs: ['get', 'update'] },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list', 'watch'] },
  { apiGroups: ['keda.sh'], resources: ['scaledobjects'], verbs: ['list'] },
  // HealthChecks: a rollout's state, and the credentials that a check names.
  { apiGroups: ['apps'], resources: ['statefulsets', 'daemonsets'], verbs: ['get'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create'] }
]

/** In its own namespace: the lease that says who leads, and the ConfigMap that proves its watches alive. */
export const operatorOwnRules = (): PolicyRule[] => [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
  { apiGroups: [''], resources: ['configmaps'], verbs: [...read, 'create', 'patch'] }
]

const name = 'gavel-operator'
const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'gavel' }
const api = 'rbac.authorization.k8s.io'

/** The operator's identity and rights over all namespaces. */
export function operatorRbac(namespace: string): Record<string, unknown>[] {
  const subjects = [{ kind: 'ServiceAccount', name, namespace }]
  const roleRef = (kind: string) => ({ apiGroup: api, kind, name })
  const meta = (own: boolean) => ({ name, ...(own ? { namespace } : {}), labels })
  const version = `${api}/v1`
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta(true) },
    { apiVersion: version, kind: 'ClusterRole', metadata: meta(false), rules: operatorRules() },
    {
      apiVersion: version,
      kind: 'ClusterRoleBinding',
      metadata: meta(false),
      roleRef: roleRef('ClusterRole'),
      subjects
    },
    { apiVersion: version, kind: 'Role', metadata: meta(true), rules: operatorOwnRules() },
    { apiVersion: version, kind: 'RoleBinding', metadata: meta(true), roleRef: roleRef('Role'), subjects }
  ]
}
