import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { listEvents } from '@gavel/contracts/api/eventlog.ts'
import { platformTargets } from '@gavel/standalone/observe/prometheus.ts'
import { withDatabase } from '@gavel/standalone/plan.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type Collector, type Span, startCollector } from '../support/otlp.ts'
import { prometheusOver } from '../support/prometheus.ts'
import { House } from './house.ts'

/**
 * Every process and Envoy send their spans to a collector of the test's. What is asserted is the tree of one sale as it comes in:
 * who is below whom, across the ledger and Kafka.
 */
describe('one trace from the click to the notification', () => {
  let collector: Collector
  let house: House
  beforeAll(async () => {
    collector = await startCollector()
    house = await House.open({
      tracing: { otlpEndpoint: collector.url, samplingPercent: 100 },
      env: { OTEL_BSP_SCHEDULE_DELAY: '100' }
    })
  })
  afterAll(async () => {
    await house?.close()
    await collector?.close()
  })

  type Wanted = Partial<Pick<Span, 'service' | 'name' | 'kind' | 'traceId' | 'parentSpanId'>>
  const all = (wanted: Wanted): Span[] =>
    collector.spans.filter((span) =>
      Object.entries(wanted).every(([name, value]) => span[name as keyof Span] === value)
    )
  const arrived = (wanted: Wanted, which: (span: Span) => boolean = () => true): Promise<Span> =>
    eventually(() => all(wanted).find(which), { withinMs: 60_000, what: `the span ${JSON.stringify(wanted)}` })
  const below = (parent: Span, wanted: Wanted): Promise<Span> =>
    arrived({ ...wanted, traceId: parent.traceId, parentSpanId: parent.spanId })
  const appended = (auctionId: string): Promise<Span> =>
    arrived({ name: 'append to ledger' }, ({ attributes }) => attributes['gavel.auction.id'] === auctionId)
  const above = ({ traceId, parentSpanId }: Span): Promise<Span> =>
    arrived({ traceId }, ({ spanId }) => spanId === parentSpanId)

  const sell = async (terms: Parameters<House['auction']>[1] = {}) => {
    const productId = await house.product(1000)
    const auctionId = await house.auction(productId, terms)
    const [buyer] = await house.bidders(1)
    return { productId, auctionId, buyer: buyer!, told: await house.bid(auctionId, buyer!) }
  }

  test('a sale is one tree', async () => {
    const { auctionId, told } = await sell()
    const entry = await appended(auctionId)
    const request = await above(entry)
    const edge = await above(request)
    expect(edge).toMatchObject({ service: 'gateway', name: 'POST /api/auctions/:auctionId/bids', kind: 'server' })
    expect(edge.parentSpanId).toBe('')
    expect(edge.attributes).toMatchObject({ 'http.request.method': 'POST', 'http.status_code': '201' })
    expect(request).toMatchObject({ service: 'bidding', name: 'POST /api/auctions/:auctionId/bids', kind: 'server' })
    expect(request.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/api/auctions/:auctionId/bids',
      'http.response.status_code': 201
    })
    await below(entry, { service: 'bidding', kind: 'client' })
    await below(entry, { service: 'bidding', name: 'send bids', kind: 'producer' })

    // From each service to the next: the message that one sends, and what the other does because of it.
    let last = request
    for (const [from, topic, to] of [
      ['bidding', 'sale-confirmed', 'inventory'],
      ['inventory', 'reservations', 'payment'],
      ['payment', 'payments', 'order'],
      ['order', 'orders', 'notification']
    ] as const) {
      const sent = await below(last, { service: from, name: `send ${topic}`, kind: 'producer' })
      last = await below(sent, { service: to, name: `process ${topic}`, kind: 'consumer' })
      const common = { 'messaging.system': 'kafka', 'messaging.destination.name': topic }
      expect(sent.attributes).toMatchObject({
        ...common,
        'messaging.operation.name': 'send',
        'messaging.operation.type': 'send'
      })
      expect(last.attributes).toMatchObject({
        ...common,
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.consumer.group.name': `${to}.${topic}`,
        'messaging.message.id': sent.attributes['messaging.message.id'],
        'messaging.kafka.offset': expect.any(Number) as number,
        'messaging.destination.partition.id': expect.stringMatching(/^\d+$/) as string
      })
    }
    await arrived({ service: 'payment', name: 'capture payment', kind: 'client', traceId: edge.traceId })
    expect(all({ traceId: edge.traceId }).filter(({ failed }) => failed)).toEqual([])
    await house.expectLedgerWhole(auctionId, [told])
  })

  test('an entry of many bids links to each of them', async () => {
    const auctionId = await house.auction(await house.product(1), {
      mode: 'english',
      quantity: 1,
      openingPriceMinor: 100
    })
    const buyers = await house.bidders(16)
    const crowded = () =>
      all({ name: 'append to ledger' }).find(
        ({ attributes }) => attributes['gavel.auction.id'] === auctionId && Number(attributes['gavel.entry.bids']) > 1
      )
    // Which bids meet in one entry is up to chance, so they come until some do.
    const entry = await eventually(
      async () => {
        await Promise.all(
          buyers.map((buyer, index) => house.bid(auctionId, buyer, { amountMinor: 10_000 * (index + 1) }))
        )
        return crowded()
      },
      { withinMs: 60_000 }
    )
    expect(entry.links).toHaveLength(Number(entry.attributes['gavel.entry.bids']))
    const requests = await Promise.all(
      entry.links.map(({ traceId, spanId }) =>
        arrived({ traceId, service: 'bidding', kind: 'server' }, (span) => span.spanId === spanId)
      )
    )
    expect(new Set(requests.map(({ traceId }) => traceId)).size).toBe(entry.links.length)
    expect(new Set(requests.map(({ name }) => name))).toEqual(new Set(['POST /api/auctions/:auctionId/bids']))
  })

  test('a close by time begins a trace, which links to the bid that won', async () => {
    const { auctionId } = await sell({ mode: 'english', quantity: 1, endsAt: Date.now() + 3_000 })
    const close = await arrived(
      { name: 'close auction' },
      ({ attributes }) => attributes['gavel.auction.id'] === auctionId
    )
    expect(close).toMatchObject({ service: 'bidding', parentSpanId: '', kind: 'internal' })
    const request = await above(await appended(auctionId))
    expect(close.links).toEqual([{ traceId: request.traceId, spanId: request.spanId }])
    expect(close.traceId).not.toBe(request.traceId)
    const sent = await below(close, { service: 'bidding', name: 'send sale-confirmed' })
    await below(sent, { service: 'inventory', name: 'process sale-confirmed' })
    await arrived({ traceId: close.traceId, service: 'notification', name: 'process orders' })
  })

  test('a message that is tried again, and one that is put away, show why', async () => {
    const client = new Client({ connectionString: withDatabase(house.platform.urls.postgres, 'inventory') })
    await client.connect()
    try {
      // Whatever is reserved fails as a deadlock does, until the test takes that away; then as a value out of range does.
      const failWith = async (state: string) =>
        await client.query(`
          create or replace function trouble() returns trigger language plpgsql as
            $$ begin raise exception 'trouble' using errcode = '${state}'; end $$;
          create or replace trigger trouble before insert on reservations for each row execute function trouble()`)
      await failWith('40P01')
      const { auctionId, buyer, productId } = await sell()
      const { traceId } = await appended(auctionId)
      const inInventory = { traceId, service: 'inventory', name: 'process sale-confirmed' }
      const failed = await arrived(inInventory, (span) => span.failed && span.attributes['gavel.attempt'] === 2)
      expect(failed.attributes).toMatchObject({ 'error.type': '40P01' })
      expect(failed.events).toContain('exception')
      await client.query('drop trigger trouble on reservations')
      const succeeded = await arrived(inInventory, (span) => !span.failed)
      // Each attempt stands beside the others, below the message.
      expect(succeeded.parentSpanId).toBe(failed.parentSpanId)
      await arrived({ traceId, service: 'notification', name: 'process orders' })

      await failWith('22003')
      const second = await house.bid(auctionId, buyer)
      const sent = await arrived(
        { service: 'bidding', name: 'send sale-confirmed' },
        ({ attributes, traceId: own }) =>
          own !== traceId && String(attributes['messaging.message.id']).startsWith(`${auctionId}:`)
      )
      expect(second.receipt?.outcome).toBe('accepted')
      const buried = await below(sent, { service: 'inventory', name: 'dead-letter sale-confirmed', kind: 'client' })
      expect(buried).toMatchObject({ failed: true })
      expect(buried.attributes).toMatchObject({
        'messaging.operation.type': 'settle',
        'messaging.consumer.group.name': 'inventory.sale-confirmed',
        'gavel.dead_letter.reason': 'bug',
        'error.type': '22003'
      })
      await below(buried, { service: 'inventory', name: 'send inventory.sale-confirmed.dlq', kind: 'producer' })
      await client.query('drop trigger trouble on reservations')
      expect(productId).not.toBe('')
    } finally {
      await client.end()
    }
  })

  test('a figure leads to a trace: request, commit and sale have exemplars in a real Prometheus', async () => {
    const prometheus = await prometheusOver(platformTargets(house.platform.ports))
    try {
      const { auctionId } = await sell()
      const { traceId } = await appended(auctionId)
      await arrived({ traceId, service: 'notification', name: 'process orders' })
      for (const series of [
        'http_server_request_duration_seconds_bucket{route="/api/auctions/:auctionId/bids"}',
        'bidding_commit_duration_seconds_bucket',
        'gavel_order_saga_duration_seconds_bucket{outcome="ordered"}'
      ])
        await eventually(
          async () => {
            const found = (await prometheus.exemplars(series)).flatMap(({ exemplars }) => exemplars)
            return found.some(({ labels }) => labels['trace_id'] === traceId)
          },
          { what: `an exemplar of ${series}` }
        )
      // The names are those that Prometheus' own text has.
      for (const counter of ['bidding_bids_total', 'process_cpu_seconds_total', 'kafka_consumer_events_total'])
        expect(await prometheus.query(`sum(${counter})`)).toHaveLength(1)
      expect(await prometheus.query('{__name__=~".+_total_total"}')).toEqual([])
      const plain = await (await fetch(`http://127.0.0.1:${house.platform.ports['bidding']}/metrics`)).text()
      expect(plain).toContain('# TYPE bidding_bids_total counter')
      expect(plain).not.toContain('trace_id')
    } finally {
      await prometheus.stop()
    }
  })

  test('what its caller does not sample is exported by nobody, and still one trace', async () => {
    const productId = await house.product(1)
    const auctionId = await house.auction(productId)
    const [buyer] = await house.bidders(1)
    const traceId = randomBytes(16).toString('hex')
    const answer = await fetch(`${house.platform.url}/api/auctions/${auctionId}/bids`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${buyer!.token}`,
        'content-type': 'application/json',
        traceparent: `00-${traceId}-b7ad6b7169203331-00`
      },
      body: JSON.stringify({ bidId: 'quiet', amountMinor: 1000 })
    })
    expect(answer.status).toBe(201)
    await house.settled(productId, 1)
    const token = await house.adminToken()
    const recorded = await eventually(async () => {
      const { items } = await house.gateway.call(
        listEvents,
        { query: { subject: `${auctionId}.1`, limit: 50 } },
        { token }
      )
      return items.some(({ type }) => type.includes('OrderCreated')) && items
    })
    expect(new Set(recorded.map(({ traceparent }) => traceparent?.slice(3)))).toEqual(
      new Set([expect.stringMatching(new RegExp(`^${traceId}-[0-9a-f]{16}-00$`))])
    )
    // Another sale, to its end: what was to be exported of the first has been by then.
    const { auctionId: later } = await sell()
    const { traceId: loud } = await appended(later)
    await arrived({ traceId: loud, service: 'notification', name: 'process orders' })
    expect(all({ traceId })).toEqual([])
  })
})
