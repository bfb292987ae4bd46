import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startBackends } from '@gavel/standalone/backends/all.ts'
import { readDirectories, repository } from '@gavel/standalone/config.ts'
import { freePorts } from '@gavel/standalone/port-table.ts'
import { customResources } from '../../operator/src/controllers/index.ts'
import { kafkaTopic, type KafkaTopicResource } from '../../operator/src/controllers/kafka-topic/types.ts'
import { deploymentKind } from '../../operator/src/controllers/scaler/target.ts'
import { scaler, type ScalerResource } from '../../operator/src/controllers/scaler/types.ts'
import { createKafkaAdmin } from '../../operator/src/kafka/platformatic-admin.ts'
import { KubeClient, type KubeObject, type ResourceKind } from '../../operator/src/kube/client.ts'
import { conditionOf } from '../../operator/src/kube/conditions.ts'
import { customResourceDefinition } from '../../operator/src/kube/custom-resource.ts'
import { operatorNodeOptions } from '../../operator/src/node-options.ts'
import { startApiServer } from '../cluster/api-server.ts'
import { kubernetesBinaries } from '../cluster/kubernetes-binaries.ts'
import { processorOf } from './machine.ts'

/**
 * The operator with many KafkaTopics and Scalers: how long until all are ready, changed and gone, what that costs in requests, processor
 * time and memory, what an idle minute costs, and how soon a change by hand is reverted. The operator is a process of its own; the API
 * server and the broker are real and share the machine with it. The Scalers' targets are Deployments without pods.
 */
const usage = 'Usage: npm run bench:operator -- [--topics 1000] [--scalers 500] [--idle-seconds 60] [--json FILE]'
const { values } = parseArgs({
  options: {
    topics: { type: 'string' },
    scalers: { type: 'string' },
    'idle-seconds': { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean' }
  }
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}
const { processor, cores } = processorOf()
const count = Number(values.topics ?? 1000)
const scalerCount = Number(values.scalers ?? 500)
const idleSeconds = Number(values['idle-seconds'] ?? 60)

const home = mkdtempSync(join(tmpdir(), 'gavel-operator-load-'))
chmodSync(home, 0o755)
const directories = { cache: readDirectories().cache, data: join(home, 'data'), logs: join(home, 'logs') }
mkdirSync(directories.logs, { recursive: true })
const say = (line: string): void => console.log(`  ${line}`)
const backends = await startBackends({
  directories,
  ports: await freePorts(),
  given: {},
  durable: false,
  progress: say
})
const api = await startApiServer({
  binaries: await kubernetesBinaries({ cache: directories.cache, log: say }),
  directory: join(home, 'api')
})
const client = new KubeClient(api.config)
const definitions = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false
}
for (const resource of customResources)
  await client.apply(definitions, customResourceDefinition(resource) as unknown as KubeObject, 'load')
await until('the kinds to be served', () =>
  client.list(kafkaTopic, undefined).then(
    () => true,
    () => false
  )
)

const operator = spawn(process.execPath, [join(repository, 'operator/src/main.ts')], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: {
    PATH: process.env['PATH'],
    NODE_OPTIONS: operatorNodeOptions,
    KUBECONFIG: api.kubeconfig,
    KAFKA_BROKERS: backends.urls.kafka,
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'info'
  }
})
let output = ''
operator.stdout.on('data', (chunk) => void (output += String(chunk)))
const port = await until('the operator to start', () => /"port":(\d+)/.exec(output)?.[1])

/** Processor seconds and resident MiB of the operator, and the requests it has sent so far. */
async function reading(): Promise<{ cpuS: number; rssMiB: number; requests: Record<string, number> }> {
  const fields = readFileSync(`/proc/${operator.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  const rssKiB = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${operator.pid}/status`, 'utf8'))?.[1])
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const requests: Record<string, number> = {}
  for (const [, verb = '', value] of metrics.matchAll(
    /^rest_client_requests_total\{verb="(\w+)",kind="\w+"\} (\d+)/gm
  )) {
    requests[verb] = (requests[verb] ?? 0) + Number(value)
  }
  return { cpuS: (Number(fields[11]) + Number(fields[12])) / 100, rssMiB: Math.round(rssKiB / 1024), requests }
}

interface Step {
  step: string
  seconds: number
  cpuSeconds: number
  rssMiB: number
  requests: Record<string, number>
}
const steps: Step[] = []
async function measure(step: string, act: () => Promise<unknown>): Promise<void> {
  const before = await reading()
  const from = performance.now()
  await act()
  const seconds = Math.round((performance.now() - from) / 10) / 100
  const after = await reading()
  const requests = Object.fromEntries(
    Object.entries(after.requests)
      .map(([verb, value]): [string, number] => [verb, value - (before.requests[verb] ?? 0)])
      .filter(([, value]) => value > 0)
  )
  steps.push({
    step,
    seconds,
    cpuSeconds: Math.round((after.cpuS - before.cpuS) * 10) / 10,
    rssMiB: after.rssMiB,
    requests
  })
  const told = Object.entries(requests).map(([verb, value]) => `${value} ${verb}`)
  console.log(
    `${step.padEnd(44)} ${String(seconds).padStart(7)} s   ${steps.at(-1)?.cpuSeconds} CPU s   ${after.rssMiB} MiB   ${told.join(', ')}`
  )
}

async function until<T>(what: string, ask: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (const end = performance.now() + 300_000; performance.now() < end; await delay(50)) {
    const answer = await ask()
    if (answer) return answer as NonNullable<T>
  }
  throw new Error(`Waited five minutes in vain for ${what}`)
}

const names = Array.from({ length: count }, (_, index) => `load-${String(index).padStart(5, '0')}`)
async function forAll(all: readonly string[], act: (name: string) => Promise<unknown>): Promise<void> {
  const left = [...all]
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) await act(name)
    })
  )
}
const apply = (name: string, retentionMs: string) =>
  client.apply(
    kafkaTopic,
    {
      metadata: { namespace: 'default', name },
      spec: {
        partitions: 1,
        deletionPolicy: 'Delete',
        config: { 'retention.ms': retentionMs, 'max.message.bytes': '100000' }
      }
    },
    'load'
  )
const scalerNames = Array.from({ length: scalerCount }, (_, index) => `load-${String(index).padStart(5, '0')}`)
/** A group that is not behind, so each Scaler reads and decides every five seconds and has nothing to change. */
const applyScaler = (name: string) =>
  client.apply(
    scaler,
    {
      metadata: { namespace: 'default', name },
      spec: {
        target: { name },
        replicas: { min: 1, max: 10 },
        signals: [{ name: 'lag', kafkaLag: { group: name, topics: [name], withoutOffset: 'Latest' } }]
      }
    },
    'load'
  )
const deploy = (name: string) =>
  client.create<KubeObject>(deploymentKind, {
    metadata: { namespace: 'default', name },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image: name }] } }
    }
  })
const isReady = ({ metadata, status }: KafkaTopicResource | ScalerResource): boolean =>
  status?.observedGeneration === metadata.generation && conditionOf(status?.conditions, 'Ready')?.status === 'True'
const allReady = (kind: ResourceKind = kafkaTopic) =>
  until(`every ${kind.kind} to be ready`, async () => {
    const { items } = await client.list<KafkaTopicResource>(kind, 'default')
    return items.every(isReady)
  })

try {
  console.log(
    `\n${processor}, ${cores} cores. ${count} KafkaTopics, two configs each; ${scalerCount} Scalers, a reading each every 5 s.\n`
  )
  await measure(`${count} topics created and Ready`, async () => {
    await forAll(names, (name) => apply(name, '3600000'))
    await allReady()
  })
  await measure('one more topic Ready', async () => {
    names.push('load-one-more')
    await apply('load-one-more', '3600000')
    await until('the topic to be ready', async () =>
      isReady(await client.get<KafkaTopicResource>(kafkaTopic, 'default', 'load-one-more'))
    )
  })
  await measure(`one config changed on all`, async () => {
    await forAll(names, (name) => apply(name, '7200000'))
    await allReady()
  })
  await forAll(scalerNames, deploy)
  await measure(`${scalerCount} Scalers created and Ready`, async () => {
    await forAll(scalerNames, applyScaler)
    await allReady(scaler)
  })
  await measure(`idle for ${idleSeconds} s`, () => delay(idleSeconds * 1000))
  const kafka = createKafkaAdmin({ brokers: backends.urls.kafka.split(','), clientId: 'load' })
  await kafka.changeConfigs([{ topic: 'load-00000', set: { 'retention.ms': '1000000' }, unset: [] }])
  await measure('a change by hand reverted', () =>
    until(
      'the change to be reverted',
      async () =>
        (await kafka.describeTopics(['load-00000'])).get('load-00000')?.config['retention.ms']?.value === '7200000'
    )
  )
  await kafka.close()
  await measure('all deleted, with their topics', async () => {
    await forAll(names, (name) => client.delete(kafkaTopic, 'default', name))
    await until('all topics to be gone', async () => (await client.list(kafkaTopic, 'default')).items.length === 0)
  })
  if (values.json)
    writeFileSync(
      values.json,
      `${JSON.stringify({ machine: { processor, cores }, topics: count, scalers: scalerCount, steps }, null, 2)}\n`
    )
} finally {
  operator.kill('SIGTERM')
  await new Promise((resolve) => operator.once('exit', resolve))
  await api.stop()
  await backends.stop()
  rmSync(home, { recursive: true, force: true })
}
