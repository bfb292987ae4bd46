import { stringify } from 'yaml'
import { services as allServices, type ServiceDefinition } from '@gavel/contracts/services.ts'
import { clusters } from './clusters.ts'
import { edgeListener } from './listener.ts'
import { type GatewayOptions, type Message, settingsOf, socketAddress, typed } from './options.ts'
import { monitoringListener } from './telemetry.ts'

export type { Endpoint, GatewayOptions, RateLimits, ServiceAddress } from './options.ts'

/** Envoy’s whole configuration, as a pure function of the list of services and of where things are. */
export function envoyConfiguration(
  options: GatewayOptions,
  definitions: readonly ServiceDefinition[] = allServices
): Message {
  const settings = settingsOf(options)
  return {
    node: { id: 'gateway', cluster: 'gateway' },
    admin: { address: socketAddress(settings.admin.address, settings.admin.port) },
    static_resources: {
      listeners: [edgeListener(settings, definitions), ...monitoringListener(settings)],
      clusters: clusters(settings, definitions)
    },
    overload_manager: {
      resource_monitors: [
        {
          name: 'envoy.resource_monitors.global_downstream_max_connections',
          typed_config: typed(
            'envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
            {
              max_active_downstream_connections: settings.limits.connections
            }
          )
        }
      ]
    }
  }
}

export const envoyYaml = (options: GatewayOptions, definitions?: readonly ServiceDefinition[]): string =>
  stringify(envoyConfiguration(options, definitions), { lineWidth: 0, aliasDuplicateObjects: false })

/**
 * What Envoy is started with besides its configuration. The dynamic base id lets several run on one machine; the access
 * log is written out twice a second, where Envoy would keep it for ten.
 */
export const envoyArguments = (configurationFile: string, concurrency?: number): string[] => [
  '-c',
  configurationFile,
  '--use-dynamic-base-id',
  '--disable-hot-restart',
  '--log-level',
  'warning',
  '--file-flush-interval-msec',
  '500',
  '--drain-time-s',
  '5',
  ...(concurrency ? ['--concurrency', String(concurrency)] : [])
]
