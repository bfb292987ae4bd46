import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dnsAddress, systemImages, type NodePlan } from './node-files.ts'

type Kubectl = (...args: string[]) => Promise<string>

/** Waits for a node to be ready, and says which addresses its pods have: nobody gives them out here. */
export async function registerNode(kubectl: Kubectl, { name, index }: NodePlan): Promise<void> {
  const path = '{.status.conditions[?(@.type=="Ready")].status}'
  if ((await kubectl('get', 'node', name, '-o', `jsonpath=${path}`)) !== 'True') throw new Error(`${name} is not ready`)
  const podCIDR = `10.244.${index}.0/24`
  await kubectl('patch', 'node', name, '-p', JSON.stringify({ spec: { podCIDR, podCIDRs: [podCIDR] } }))
}

export async function waitForDns(kubectl: Kubectl): Promise<void> {
  const ready = await kubectl(
    '-n',
    'kube-system',
    'get',
    'deployment',
    'coredns',
    '-o',
    'jsonpath={.status.readyReplicas}'
  )
  if (ready !== '1') throw new Error('CoreDNS is not ready')
}

/** Enough for the development backends twice: a volume keeps what was in it, and is claimed once. */
const volumes = 16

/** CoreDNS, and volumes for those who claim one: folders of the first node. */
export async function applyCoreDns(kubectl: Kubectl, directory: string): Promise<void> {
  const claims = Array.from({ length: volumes }, (_, at) => join(directory, 'volumes', String(at + 1)))
  for (const claim of claims) {
    mkdirSync(claim, { recursive: true })
    chmodSync(claim, 0o777)
  }
  const objects = [...coreDns(), storageClass, ...claims.map((path, at) => volume(`volume-${at + 1}`, path))]
  const file = join(directory, 'system.json')
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
  await kubectl('apply', '-f', file)
}

const storageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'local', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'kubernetes.io/no-provisioner',
  volumeBindingMode: 'WaitForFirstConsumer'
}

const volume = (name: string, path: string) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name },
  spec: {
    capacity: { storage: '20Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName: 'local',
    local: { path },
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['node1'] }] }
        ]
      }
    }
  }
})

const corefile = `.:53 {
    errors
    health :8080 {
        lameduck 1s
    }
    ready :8181
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 5
    }
    prometheus :9153
    cache 5
    loadbalance
}
`

function coreDns(): unknown[] {
  const metadata = { name: 'coredns', namespace: 'kube-system' }
  const selector = { 'k8s-app': 'kube-dns' }
  const api = 'rbac.authorization.k8s.io'
  const read = ['list', 'watch']
  const ports = [
    { containerPort: 53, protocol: 'UDP', name: 'dns' },
    { containerPort: 53, protocol: 'TCP', name: 'dns-tcp' }
  ]
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: `${api}/v1`,
      kind: 'ClusterRole',
      metadata: { name: 'system:coredns' },
      rules: [
        { apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: read },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read }
      ]
    },
    {
      apiVersion: `${api}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'system:coredns' },
      roleRef: { apiGroup: api, kind: 'ClusterRole', name: 'system:coredns' },
      subjects: [{ kind: 'ServiceAccount', ...metadata }]
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { Corefile: corefile } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { ...metadata, labels: selector },
      spec: {
        replicas: 1,
        selector: { matchLabels: selector },
        template: {
          metadata: { labels: selector },
          spec: {
            serviceAccountName: 'coredns',
            priorityClassName: 'system-cluster-critical',
            dnsPolicy: 'Default',
            containers: [
              {
                name: 'coredns',
                image: systemImages.coredns,
                imagePullPolicy: 'Never',
                args: ['-conf', '/etc/coredns/Corefile'],
                resources: { requests: { cpu: '50m', memory: '40Mi' }, limits: { memory: '170Mi' } },
                ports,
                readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 1 },
                livenessProbe: { httpGet: { path: '/health', port: 8080 }, initialDelaySeconds: 10 },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  runAsUser: 0,
                  capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] }
                },
                volumeMounts: [{ name: 'configuration', mountPath: '/etc/coredns' }]
              }
            ],
            volumes: [{ name: 'configuration', configMap: { name: 'coredns' } }]
          }
        }
      }
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace: 'kube-system', labels: selector },
      spec: {
        clusterIP: dnsAddress,
        selector,
        ports: ports.map(({ name, protocol, containerPort: port }) => ({ name, protocol, port }))
      }
    }
  ]
}
