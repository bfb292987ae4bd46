import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { services } from '@gavel/contracts/services.ts'
import type { Directories } from '../backends/backend.ts'
import { type Child, startChild } from '../child.ts'
import { repository } from '../config.ts'
import { StartFailure } from '../failure.ts'
import { debianPackage, findProgram, type Progress } from '../install.ts'
import { type Ports, processName, type Replicas } from '../port-table.ts'
import { waitUntilReady } from '../ports.ts'

/** Prometheus and its rule checker, which come together. */
export async function installPrometheus(
  progress: Progress = () => undefined
): Promise<{ prometheus: string; promtool: string }> {
  const found = () => ({
    prometheus: findProgram('prometheus', ['/usr/bin']),
    promtool: findProgram('promtool', ['/usr/bin'])
  })
  if (!found().prometheus) await debianPackage('prometheus', progress).catch(() => false)
  const { prometheus, promtool } = found()
  if (!prometheus || !promtool) throw new StartFailure('Prometheus is missing. Install it: apt-get install prometheus')
  return { prometheus, promtool }
}

export const rulesFile = join(repository, 'charts/gavel/rules/gavel.yaml')

export interface ScrapeTarget {
  job: string
  address: string
  path?: string
}

/** Every process of the platform on this machine, and Envoy. */
export const platformTargets = (ports: Ports, replicas: Replicas = {}): ScrapeTarget[] => [
  ...services.flatMap(({ name }) =>
    Array.from({ length: replicas[name] ?? 1 }, (_, index) => ({
      job: name,
      address: `127.0.0.1:${ports[processName(name, index)]}`
    }))
  ),
  { job: 'gateway', address: `127.0.0.1:${ports['gatewayAdmin']}`, path: '/stats/prometheus' }
]

export interface PrometheusOptions {
  directories: Pick<Directories, 'data' | 'logs'>
  port: number
  targets: readonly ScrapeTarget[]
  scrapeIntervalSeconds: number
  progress?: Progress
}

/** Prometheus with Gavel's rules, over the targets given. Its data is kept for a week. */
export async function startPrometheus(options: PrometheusOptions): Promise<Child> {
  const { directories, port, targets, scrapeIntervalSeconds, progress } = options
  const { prometheus } = await installPrometheus(progress)
  const data = join(directories.data, 'prometheus')
  mkdirSync(data, { recursive: true })
  const configuration = join(data, 'prometheus.json')
  const interval = `${scrapeIntervalSeconds}s`
  writeFileSync(
    configuration,
    // JSON is YAML too.
    JSON.stringify({
      global: { scrape_interval: interval, evaluation_interval: interval },
      rule_files: [rulesFile],
      scrape_configs: targets.map(({ job, address, path = '/metrics' }, index) => ({
        job_name: `${job}-${index}`,
        metrics_path: path,
        honor_labels: true,
        static_configs: [{ targets: [address], labels: { job } }]
      }))
    })
  )
  const child = startChild({
    name: 'Prometheus',
    command: prometheus,
    args: [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${join(data, 'series')}`,
      '--storage.tsdb.retention.time=7d',
      '--enable-feature=exemplar-storage',
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn'
    ],
    logFile: join(directories.logs, 'prometheus.log')
  })
  await waitUntilReady(child, async () =>
    fetch(`http://127.0.0.1:${port}/-/ready`, { signal: AbortSignal.timeout(1_000) }).then(
      ({ ok }) => ok,
      () => false
    )
  )
  return child
}
