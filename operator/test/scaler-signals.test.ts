import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Consumer } from '@platformatic/kafka'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSignalObserver, type SignalObserver } from '../src/controllers/scaler/observe.ts'
import type { ScalerSpec } from '../src/controllers/scaler/types.ts'
import type { KafkaAdminPort } from '../src/kafka/admin-port.ts'
import { createKafkaAdmin } from '../src/kafka/platformatic-admin.ts'
import { backends } from '../../test/support/backends.ts'
import { eventually } from '../../test/support/eventually.ts'

describe('the signals of a Scaler, read from a real broker and over real HTTP', () => {
  const name = `signals-${randomBytes(4).toString('hex')}`
  const brokers = backends().kafka.split(',')
  let kafka: KafkaAdminPort
  let observer: SignalObserver
  let server: Server
  let answers: (path: string, query: URLSearchParams) => { status?: number; body: string }

  beforeAll(async () => {
    kafka = createKafkaAdmin({ brokers, clientId: 'operator-test' })
    observer = createSignalObserver(kafka)
    server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost')
      const { status = 200, body } = answers(url.pathname, url.searchParams)
      response.writeHead(status).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(async () => {
    await kafka.close()
    await new Promise((resolve) => server.close(resolve))
  })

  const address = (path: string) => `http://localhost:${(server.address() as AddressInfo).port}${path}`
  const read = async (signal: Omit<ScalerSpec['signals'][number], 'name'>, now = 0) => {
    const spec: ScalerSpec = {
      target: { name },
      replicas: { min: 1, max: 2 },
      signals: [{ name: 'signal', ...signal }]
    }
    return (await observer.observe(spec, { now, startMs: 0 })).signals['signal']?.reading
  }

  test('a group tells its lag, its members and who reads what', async () => {
    await kafka.createTopics([{ topic: name, partitions: 3, replicas: 1, config: {} }])
    const kafkaLag = { group: name, topics: [name] }
    const before = await eventually(async () => {
      const reading = await read({ kafkaLag })
      return reading?.ok && reading
    })
    expect(before.value).toMatchObject({ members: undefined, groupState: undefined })
    const consumer = new Consumer({ clientId: 'operator-test', groupId: name, bootstrapBrokers: brokers })
    const stream = await consumer.consume({ topics: [name], autocommit: false })
    const joined = await eventually(async () => {
      const reading = await read({ kafkaLag })
      return reading?.ok && 'members' in reading.value && reading.value.groupState === 'Stable' && reading.value
    })
    expect(joined).toMatchObject({ members: 1, assignments: [[`${name}/0`, `${name}/1`, `${name}/2`]] })
    await stream.close()
    await consumer.close()
  })

  test('a topic that is not there is missing, and so is everything while Kafka is away', async () => {
    expect(await read({ kafkaLag: { group: name, topics: [name, 'no-such-topic'] } })).toEqual({
      ok: false,
      why: 'there is no topic no-such-topic'
    })
    const away = createKafkaAdmin({ brokers: ['127.0.0.1:1'], clientId: 'operator-test', timeoutMs: 500 })
    const spec: ScalerSpec = {
      target: { name },
      replicas: { min: 1, max: 2 },
      signals: [{ name: 'lag', kafkaLag: { group: name, topics: [name] } }]
    }
    expect((await createSignalObserver(away).observe(spec, { now: 0, startMs: 0 })).signals['lag']?.reading.ok).toBe(
      false
    )
    await away.close()
  })

  test('a rate comes from Prometheus, from a metrics page or from JSON', async () => {
    answers = (path, query) => {
      if (path === '/api/v1/query') {
        const result = query.get('query') === 'bids' ? [{ value: [0, '12.5'] }, { value: [0, '7.5'] }] : []
        return { body: JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }) }
      }
      return path === '/metrics' ? { body: 'bids_total{code="x"} 4\nbids_total 6\n' } : { body: '{"now":{"bids":3}}' }
    }
    const rate = (source: object) => read({ bidsPerSecond: { perReplica: 1, ...source } })
    expect(await rate({ prometheus: { url: address('/'), query: 'bids' } })).toEqual({
      ok: true,
      value: { perSecond: 20 }
    })
    expect(await rate({ prometheus: { url: address('/'), query: 'nothing' } })).toEqual({
      ok: false,
      why: 'the query has no result'
    })
    expect(await rate({ endpoint: { url: address('/json'), field: 'now.bids' } })).toEqual({
      ok: true,
      value: { perSecond: 3 }
    })
    const counted = await rate({ endpoint: { url: address('/metrics'), metric: 'bids_total', counter: true } })
    expect(counted?.ok && 'counters' in counted.value && Object.values(counted.value.counters)).toEqual([10])
  })

  test('the calendar is read page by page, as far as the lead time goes', async () => {
    const asked: string[] = []
    answers = (_path, query) => {
      asked.push(`${query.get('status')} ${query.get('cursor') ?? 'first'}`)
      const page = (from: number, nextCursor?: string) => ({
        body: JSON.stringify({ items: [from, from + 1_000].map((endsAt) => ({ endsAt })), nextCursor })
      })
      return query.has('cursor') ? page(900_000, 'never') : page(30_000, 'second')
    }
    const auctionCalendar = { url: address('/api/auctions'), perReplica: 1, leadSeconds: 60 }
    expect(await read({ auctionCalendar }, 10_000)).toEqual({ ok: true, value: { endings: [30_000, 31_000] } })
    expect(asked).toEqual(['open first', 'open second'])
  })

  test.each([
    ['an error', { status: 503, body: '' }],
    ['something else than JSON', { body: '<html>' }],
    ['another shape', { body: '{"items":[{"endsAt":"soon"}]}' }]
  ])('a calendar that answers with %s is missing', async (what, answer) => {
    answers = () => answer
    const url = address(`/api/auctions?${encodeURIComponent(what)}`)
    expect((await read({ auctionCalendar: { url, perReplica: 1 } }))?.ok).toBe(false)
  })
})
