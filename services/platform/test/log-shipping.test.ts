import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Type } from 'typebox'
import { defineOperation } from '@gavel/contracts/define.ts'
import { logLines } from '@gavel/contracts/topics.ts'
import { createServer, implement, reply } from '@gavel/platform/http/server.ts'
import { createKafka, ensureTopics } from '@gavel/platform/kafka/client.ts'
import { createLogShipping, type LogShipping } from '@gavel/platform/kafka/log-shipping.ts'
import { startRawConsumer, type RawRecord } from '@gavel/platform/kafka/raw-consumer.ts'
import { createLog } from '@gavel/platform/log.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import { backends } from '../../../test/support/backends.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { brokerPort } from './support/consuming.ts'
import { CuttableProxy, divert } from './support/proxy.ts'

const say = defineOperation({
  id: 'say',
  method: 'POST',
  path: '/api/say/:number',
  role: 'public',
  summary: 'Says it in the log.',
  params: Type.Object({ number: Type.Integer() }, { additionalProperties: false }),
  responses: { 200: Type.Object({ number: Type.Integer() }, { additionalProperties: false }) },
  errors: []
})

interface Shipped {
  id: string
  level: string
  message: string
  [member: string]: unknown
}

/** What stands on the topic, read past the proxy by a process that is not cut off. */
const shipped: Shipped[] = []
const bufferLines = 50
let proxy: CuttableProxy
let topicPrefix: string
let shipping: LogShipping
let context: ServiceContext
let reading: ServiceContext
let written: string[]

const lineOf = ({ headers, value }: RawRecord): Shipped => ({
  ...(JSON.parse(String(value)) as Shipped),
  id: String(headers['id'])
})

beforeEach(async () => {
  topicPrefix = `t${randomBytes(5).toString('hex')}.`
  shipped.length = 0
  written = []
  const brokers = backends().kafka.split(',')
  reading = createContext({ name: 'reader', logLevel: 'silent' })
  const kafka = createKafka({ brokers, topicPrefix }, reading)
  await ensureTopics(kafka, [logLines])
  proxy = new CuttableProxy({ host: '127.0.0.1', port: brokerPort })
  await proxy.open()
  shipping = createLogShipping({
    brokers: [`127.0.0.1:${proxy.port}`],
    topicPrefix,
    linesMax: bufferLines,
    bytesMax: 1024 * 1024
  })
  context = createContext({
    name: 'platform',
    log: createLog({
      service: 'platform',
      level: 'debug',
      destination: { write: (line) => void written.push(line) },
      alsoTo: shipping.write
    })
  })
})

afterEach(async () => {
  await shipping.close(100)
  await context.closers.closeAll(5000)
  await reading.closers.closeAll(5000)
  await proxy.cut()
  vi.restoreAllMocks()
})

const metric = async (name: string): Promise<number> =>
  (await context.metrics.getSingleMetric(name)!.get()).values.reduce((sum, { value }) => sum + value, 0)
const messages = (): string[] => written.map((line) => (JSON.parse(line) as Shipped).message)
const arrived = async (message: string): Promise<Shipped> =>
  await eventually(() => shipped.find((line) => line.message === message), {
    everyMs: 20,
    what: `“${message}” on the topic`
  })

/** The reader goes through the proxy too: both learn the broker's address from the broker. */
function begin(): void {
  divert(brokerPort, proxy.port)
  shipping.start(context)
  startRawConsumer(reading, createKafka({ brokers: backends().kafka.split(','), topicPrefix }, reading), {
    topics: [logLines],
    group: 'reader',
    handleBatch: async (records) => void shipped.push(...records.map(lineOf))
  })
}

describe('the log of a service, shipped', () => {
  it('arrives as it was written, line by line, also what was written before the shipping began', async () => {
    context.log.info({ part: 1 }, 'First')
    begin()
    context.log.warn({ part: 2 }, 'Second')
    await arrived('Second')
    expect(shipped.map(({ id: _id, ...line }) => line)).toEqual(written.map((line) => JSON.parse(line) as unknown))
    const [first, second] = shipped.map(({ id }) => id.split('.'))
    expect(first![0]).toBe(second![0])
    expect(Number(second![1])).toBe(Number(first![1]) + 1)
  })

  it('waits within its bounds while Kafka is away, and the service answers as before; what was left out is counted and told', async () => {
    begin()
    const app = createServer(context, { service: 'identity' })
    implement(app, say, async ({ params: { number }, log }) => {
      log.info({ number, text: 'x'.repeat(100) }, `Said ${number}`)
      return reply(200, { number })
    })
    context.log.info('Before')
    await arrived('Before')
    await proxy.cut()
    for (let number = 1; number <= 500; number += 1) {
      const { statusCode } = await app.inject({ method: 'POST', url: `/api/say/${number}` })
      expect(statusCode).toBe(200)
      if (number % 100 === 0) expect(await metric('log_lines_waiting')).toBeLessThanOrEqual(bufferLines)
    }
    await eventually(() => messages().includes('The log is not shipped for now: it waits for the broker'))
    expect(await metric('log_lines_dropped_total')).toBeGreaterThan(400)
    expect(await metric('log_waiting_bytes')).toBeLessThan(bufferLines * 1000)
    expect((await context.health.read()).status).toBe('ready')

    await proxy.open()
    const told = await arrived('Lines of the log were left out on the way to the broker')
    context.log.info('After')
    await arrived('After')
    // Each line is on the topic once, or counted: none is missing without a word, and nothing wrote about itself again and again.
    const dropped = await metric('log_lines_dropped_total')
    expect(told).toMatchObject({ level: 'warn', dropped, awayMs: expect.any(Number) as number })
    expect(new Set(shipped.map(({ id }) => id)).size + dropped).toBe(written.length)
    expect(shipped.map(({ message }) => message)).toContain('Said 500')
    expect(messages().filter((message) => /shipped|left out/.test(message))).toHaveLength(2)
    await app.close()
  })

  it('is sent to its last line at the end, and the end is not held up by a broker that is away', async () => {
    begin()
    context.log.info('Almost the last')
    context.log.info('The last')
    expect(await shipping.close(10_000)).toBe(true)
    await arrived('The last')
    await proxy.cut()
    context.log.info('Too late')
    expect(await shipping.close(50)).toBe(false)
  })
})
