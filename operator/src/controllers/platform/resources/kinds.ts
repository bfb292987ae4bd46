import type { ResourceKind } from '../../../kube/client.ts'

const namespaced = (group: string, version: string, kind: string, plural: string): ResourceKind => ({
  group,
  version,
  kind,
  plural,
  namespaced: true
})

/** What a Platform is made of, besides the operator's own kinds. The operator's rights come from this list too. */
export const kinds = {
  configMap: namespaced('', 'v1', 'ConfigMap', 'configmaps'),
  serviceAccount: namespaced('', 'v1', 'ServiceAccount', 'serviceaccounts'),
  service: namespaced('', 'v1', 'Service', 'services'),
  deployment: namespaced('apps', 'v1', 'Deployment', 'deployments'),
  controllerRevision: namespaced('apps', 'v1', 'ControllerRevision', 'controllerrevisions'),
  job: namespaced('batch', 'v1', 'Job', 'jobs'),
  disruptionBudget: namespaced('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  networkPolicy: namespaced('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies')
} as const
