/** How long a service may take to end its work in hand; its own configuration gets the same figure. */
export const drainMs = 20_000
/** Kube-proxies and Envoy learn late that a pod ends, at most in a second or two: so long it still takes requests. */
const preStopSeconds = 5

export interface ContainerOptions {
  name: string
  image: string
  pullPolicy: string
  resources: Record<string, unknown>
  more: Record<string, unknown>
}

/** A container under the restricted Pod Security level, with a root file system that cannot be written. */
export const restrictedContainer = ({ name, image, pullPolicy, resources, more }: ContainerOptions) => ({
  name,
  image,
  imagePullPolicy: pullPolicy,
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' }
  },
  resources,
  ...more
})

/** What the pods of services, migrations and the gateway share. */
export const restrictedPod = (serviceAccountName: string, user: number, pullSecrets: readonly string[] = []) => ({
  serviceAccountName,
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  ...(pullSecrets.length > 0 ? { imagePullSecrets: pullSecrets.map((name) => ({ name })) } : {}),
  securityContext: {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: user,
    fsGroup: user,
    seccompProfile: { type: 'RuntimeDefault' }
  }
})

/** The pause before SIGTERM, the drain after it, and a reserve; then the kubelet kills. */
export const graceful = {
  lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } },
  terminationGracePeriodSeconds: preStopSeconds + drainMs / 1000 + 10
}

/**
 * Pods spread over machines and zones as well as the cluster allows, and start all the same where it does not. Zones are a wish of another kind,
 * because the scheduler passes over a node that lacks the label of any one constraint: without zones, nothing would be spread over machines.
 */
export const spread = (selector: Record<string, string>) => ({
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: selector },
      matchLabelKeys: ['pod-template-hash']
    }
  ],
  affinity: {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: { topologyKey: 'topology.kubernetes.io/zone', labelSelector: { matchLabels: selector } }
        }
      ]
    }
  }
})
