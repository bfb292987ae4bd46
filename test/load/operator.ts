import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startBackends } from '@gavel/standalone/backends/all.ts'
import { readDirectories, repository } from '@gavel/standalone/config.ts'
import { freePorts } from '@gavel/standalone/port-table.ts'
import { reapWithMe } from '@gavel/standalone/reaper.ts'
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
import { Figures, type Benchmark } from './benchmark.ts'

type Counts = { topics: number; scalers: number; idleSeconds: number }

const full: Counts = { topics: 1_000, scalers: 500, idleSeconds: 20 }
const short: Counts = { topics: 50, scalers: 20, idleSeconds: 6 }

/** The operator as a process, with an API server and a broker of its own. */
type House = {
  client: KubeClient
  brokers: string[]
  reading(): Promise<Reading>
}
/** Processor seconds and resident MiB of the operator, and the requests it has sent so far. */
type Reading = { processorSeconds: number; residentMebibytes: number; requests: number }

async function until<T>(what: string, ask: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (const end = performance.now() + 300_000; performance.now() < end; await delay(50)) {
    const answer = await ask()
    if (answer) return answer as NonNullable<T>
  }
  throw new Error(`Waited five minutes in vain for ${what}`)
}

const definitionKind = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false
}

async function installDefinitions(client: KubeClient): Promise<void> {
  for (const resource of customResources)
    await client.apply(definitionKind, customResourceDefinition(resource) as unknown as KubeObject, 'load')
  await until('the kinds to be served', () =>
    client.list(kafkaTopic, undefined).then(
      () => true,
      () => false
    )
  )
}

async function readingOf(pid: number, port: string): Promise<Reading> {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  const residentKibibytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  let requests = 0
  for (const [, value] of metrics.matchAll(/^rest_client_requests_total\{verb="\w+",kind="\w+"\} (\d+)/gm))
    requests += Number(value)
  return {
    processorSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    residentMebibytes: residentKibibytes / 1024,
    requests
  }
}

async function withOperator(say: (line: string) => void, measure: (house: House) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'gavel-operator-load-'))
  chmodSync(home, 0o755)
  const directories = { cache: readDirectories().cache, data: join(home, 'data'), logs: join(home, 'logs') }
  mkdirSync(directories.logs, { recursive: true })
  const ends: (() => Promise<unknown> | void)[] = [() => rmSync(home, { recursive: true, force: true })]
  try {
    const progress = (line: string): void => say(`  ${line}`)
    const backends = await startBackends({ directories, ports: await freePorts(), given: {}, durable: false, progress })
    ends.push(() => backends.stop())
    const binaries = await kubernetesBinaries({ cache: directories.cache, log: progress })
    const api = await startApiServer({ binaries, directory: join(home, 'api') })
    ends.push(() => api.stop())
    const client = new KubeClient(api.config)
    await installDefinitions(client)
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
    reapWithMe(operator.pid!, 'SIGTERM')
    const exited = new Promise((resolve) => operator.once('exit', resolve))
    ends.push(() => {
      operator.kill('SIGTERM')
      return exited
    })
    let output = ''
    operator.stdout.on('data', (chunk) => void (output += String(chunk)))
    const port = await until('the operator to start', () => /"port":(\d+)/.exec(output)?.[1])
    await measure({
      client,
      brokers: backends.urls.kafka.split(','),
      reading: () => readingOf(operator.pid!, port)
    })
  } finally {
    for (const end of ends.toReversed()) await end()
  }
}

async function forAll(all: readonly string[], act: (name: string) => Promise<unknown>): Promise<void> {
  const left = [...all]
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) await act(name)
    })
  )
}

const namesOf = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `load-${String(index).padStart(5, '0')}`)

const applyTopic = (client: KubeClient, name: string, retentionMs: string) =>
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

/** A group that is not behind, so each Scaler reads and decides every five seconds and has nothing to change. */
const applyScaler = (client: KubeClient, name: string) =>
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

const deploy = (client: KubeClient, name: string) =>
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

const allReady = (client: KubeClient, kind: ResourceKind) =>
  until(`every ${kind.kind} to be ready`, async () => {
    const { items } = await client.list<KafkaTopicResource>(kind, 'default')
    return items.every(isReady)
  })

async function revertChangeByHand(brokers: string[]): Promise<void> {
  const kafka = createKafkaAdmin({ brokers, clientId: 'load' })
  try {
    await kafka.changeConfigs([{ topic: 'load-00000', set: { 'retention.ms': '1000000' }, unset: [] }])
    await until('the change to be reverted', async () => {
      const described = await kafka.describeTopics(['load-00000'])
      return described.get('load-00000')?.config['retention.ms']?.value === '7200000'
    })
  } finally {
    await kafka.close()
  }
}

async function measureOperator(house: House, counts: Counts, figures: Figures, say: (line: string) => void) {
  const { client, brokers } = house
  const names = namesOf(counts.topics)
  const scalers = namesOf(counts.scalers)
  const step = async (title: string, act: () => Promise<unknown>): Promise<void> => {
    const before = await house.reading()
    const from = performance.now()
    await act()
    const seconds = (performance.now() - from) / 1000
    const after = await house.reading()
    figures.add(title, '', {
      'took s': seconds,
      'processor s': after.processorSeconds - before.processorSeconds,
      'memory MiB': after.residentMebibytes,
      'requests to the API server': after.requests - before.requests
    })
    say(
      `${title}: ${seconds.toFixed(1)} s, ${(after.processorSeconds - before.processorSeconds).toFixed(1)} s of processor`
    )
  }
  await step(`${counts.topics} topics created and Ready`, async () => {
    await forAll(names, (name) => applyTopic(client, name, '3600000'))
    await allReady(client, kafkaTopic)
  })
  await step('one more topic Ready', async () => {
    const name = 'load-one-more'
    names.push(name)
    await applyTopic(client, name, '3600000')
    await until('the topic to be ready', async () =>
      isReady(await client.get<KafkaTopicResource>(kafkaTopic, 'default', name))
    )
  })
  await step(`one config of each of them changed`, async () => {
    await forAll(names, (name) => applyTopic(client, name, '7200000'))
    await allReady(client, kafkaTopic)
  })
  await forAll(scalers, (name) => deploy(client, name))
  await step(`${counts.scalers} Scalers created and Ready`, async () => {
    await forAll(scalers, (name) => applyScaler(client, name))
    await allReady(client, scaler)
  })
  await step(`${counts.idleSeconds} s of nothing to do`, () => delay(counts.idleSeconds * 1000))
  await step('a change by hand reverted', () => revertChangeByHand(brokers))
  await step('every topic deleted', async () => {
    await forAll(names, (name) => client.delete(kafkaTopic, 'default', name))
    await until('all topics to be gone', async () => (await client.list(kafkaTopic, 'default')).items.length === 0)
  })
}

const minute = 60_000

export const operator: Benchmark = {
  name: 'operator',
  title: 'The operator with many resources',
  about: `The operator as a process with a real API server and a real broker, and many \`KafkaTopic\`s and \`Scaler\`s: how long until all are
ready, changed and gone, what that costs in requests, processor time and memory, what it costs when there is nothing to do (each Scaler
reads its group every five seconds), and how soon a change by hand is reverted. The Scalers' targets are Deployments without pods.`,
  charts: [{ title: 'Seconds', names: ['took'] }],
  boundMs: { full: 8 * minute, short: 5 * minute },
  async run(scale, say) {
    const figures = new Figures()
    await withOperator(say, (house) => measureOperator(house, scale.short ? short : full, figures, say))
    return figures.measured()
  }
}
