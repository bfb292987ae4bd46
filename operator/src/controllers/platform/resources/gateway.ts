import { services } from '@gavel/contracts/services.ts'
import { envoyArguments, envoyYaml, type GatewayOptions } from '@gavel/gateway/envoy.ts'
import { hashOf, type DesiredObject } from '../../../kube/apply.ts'
import { kinds } from './kinds.ts'
import { gatewayName, labelsOf, owned, selectorOf, servicePort, type BuildContext } from './metadata.ts'
import { monitoringPort } from './network.ts'
import { restrictedContainer, restrictedPod, spread } from './pod.ts'

const defaultImage = 'docker.io/envoyproxy/envoy:v1.36.0'
/** The user of Envoy's own images. */
const user = 101
const adminPort = 9901
const directory = '/etc/envoy'
const drainSeconds = 15

const about = { of: gatewayName, role: 'gateway' } as const

/** Where everything is in a cluster: each service by its name, the console on loopback, figures on a port of their own. */
export function gatewayOptions({ spec }: BuildContext): GatewayOptions {
  const { gateway, identity, telemetry } = spec
  return {
    mode: 'cluster',
    listen: { address: '0.0.0.0', port: servicePort },
    admin: { address: '127.0.0.1', port: adminPort },
    monitoring: { address: '0.0.0.0', port: monitoringPort },
    services: Object.fromEntries(services.map(({ name }) => [name, { dns: name, port: servicePort }])),
    jwks: { issuer: identity.issuer ?? 'https://gavel.dev', audience: identity.audience ?? 'gavel' },
    ...(gateway?.rateLimits ? { rateLimits: gateway.rateLimits } : {}),
    ...(gateway?.origins ? { origins: gateway.origins } : {}),
    ...(gateway?.trustedProxies === undefined ? {} : { trustedProxies: gateway.trustedProxies }),
    ...(telemetry
      ? { tracing: { ...endpointOf(telemetry.otlpEndpoint), samplingPercent: telemetry.samplingPercent ?? 10 } }
      : {})
  }
}

function endpointOf(address: string) {
  const { hostname, port, protocol } = new URL(address)
  return { host: hostname, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) }
}

/**
 * Envoy's configuration, named by its content. A change is thus a new ConfigMap and a rolling restart: new pods come up with the new one and
 * are ready before an old one begins to end, and an old one asks its connections to close and waits for them. Nothing is reloaded in
 * place, so that a configuration Envoy refuses never reaches the pods that serve.
 */
export function gatewayConfigMap(context: BuildContext): DesiredObject {
  const data = { 'envoy.yaml': envoyYaml(gatewayOptions(context)) }
  return owned(context, kinds.configMap, `${gatewayName}-${hashOf(data).slice(0, 10)}`, about, {
    immutable: true,
    data
  })
}

/**
 * Envoy ends at once at SIGTERM, so the draining must come before it. First readiness is taken away and answers begin to carry
 * `connection: close`; then it waits for the load balancers to notice and the requests in hand to end.
 */
const drainScript = (path: string): string =>
  [
    `exec 3<>/dev/tcp/127.0.0.1/${adminPort}`,
    `printf 'POST ${path} HTTP/1.1\\r\\nhost: localhost\\r\\ncontent-length: 0\\r\\nconnection: close\\r\\n\\r\\n' >&3`,
    'read -r -t 2 <&3'
  ].join('; ')

const preStop = ({ spec }: BuildContext) =>
  (spec.gateway?.drain ?? 'Admin') === 'Wait'
    ? { sleep: { seconds: drainSeconds } }
    : {
        exec: {
          command: [
            '/bin/bash',
            '-c',
            `(${drainScript('/healthcheck/fail')}); (${drainScript('/drain_listeners?graceful&skip_exit')}); sleep ${drainSeconds}`
          ]
        }
      }

const probe = (more: Record<string, unknown>) => ({
  httpGet: { path: '/ready', port: 'monitoring' },
  timeoutSeconds: 3,
  ...more
})

export function gatewayDeployment(context: BuildContext): DesiredObject {
  const { gateway, image } = context.spec
  const selector = selectorOf(context, gatewayName, 'gateway')
  const container = restrictedContainer({
    name: gatewayName,
    image: gateway?.image ?? defaultImage,
    pullPolicy: image.pullPolicy ?? 'IfNotPresent',
    resources: gateway?.resources ?? { requests: { cpu: '200m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    more: {
      command: ['envoy'],
      args: envoyArguments(`${directory}/envoy.yaml`),
      ports: [
        { name: 'http', containerPort: servicePort, protocol: 'TCP' },
        { name: 'monitoring', containerPort: monitoringPort, protocol: 'TCP' }
      ],
      startupProbe: probe({ periodSeconds: 1, failureThreshold: 60 }),
      livenessProbe: { tcpSocket: { port: 'monitoring' }, periodSeconds: 10, failureThreshold: 3, timeoutSeconds: 3 },
      readinessProbe: probe({ periodSeconds: 3, failureThreshold: 2 }),
      lifecycle: { preStop: preStop(context) },
      volumeMounts: [
        { name: 'configuration', mountPath: directory, readOnly: true },
        { name: 'tmp', mountPath: '/tmp' }
      ]
    }
  })
  return owned(context, kinds.deployment, gatewayName, about, {
    spec: {
      replicas: gateway?.replicas ?? 2,
      revisionHistoryLimit: 3,
      progressDeadlineSeconds: context.spec.upgrade?.healthTimeoutSeconds ?? 300,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: labelsOf(context, gatewayName, 'gateway') },
        spec: {
          ...restrictedPod(gatewayName, user, image.pullSecrets),
          terminationGracePeriodSeconds: drainSeconds + 10,
          ...spread(selector),
          containers: [container],
          volumes: [
            { name: 'configuration', configMap: { name: gatewayConfigMap(context).object.metadata.name } },
            { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } }
          ]
        }
      }
    }
  })
}

/** The figures' port is not in it: this Service may face the world. */
export function gatewayService(context: BuildContext): DesiredObject {
  const { gateway } = context.spec
  const nodePort = gateway?.nodePort
  return owned(context, kinds.service, gatewayName, about, {
    spec: {
      type: gateway?.serviceType ?? 'ClusterIP',
      selector: selectorOf(context, gatewayName, 'gateway'),
      ports: [
        {
          name: 'http',
          port: servicePort,
          targetPort: 'http',
          protocol: 'TCP',
          ...(nodePort === undefined ? {} : { nodePort })
        }
      ]
    }
  })
}
