import { Kafka, logLevel } from 'kafkajs'
import { MongoClient } from 'mongodb'
import { Client } from 'pg'
import { payments } from '@gavel/contracts/topics.ts'
import { platformTargets } from '@gavel/standalone/observe/prometheus.ts'
import { withDatabase } from '@gavel/standalone/plan.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alerts } from '../../charts/observability/alerts.ts'
import { eventually } from '../support/eventually.ts'
import { type Prometheus, prometheusOver } from '../support/prometheus.ts'
import { House } from './house.ts'

/**
 * Each fault raises its alert and no other. What is asked is each alert's expression, as it is in the rules, of a real Prometheus; that
 * it must hold for a while before somebody is woken is shown with series of minutes in test/integration/alerts.test.ts.
 */
describe('a fault is seen for what it is', () => {
  let house: House
  let prometheus: Prometheus
  beforeAll(async () => {
    house = await House.open({ serviceEnv: { bidding: { LEDGER_CHECK_INTERVAL_MS: '100' } } })
    prometheus = await prometheusOver(platformTargets(house.platform.ports))
  })
  afterAll(async () => {
    await prometheus?.stop()
    await house?.close()
  })

  const firing = async (): Promise<string[]> => {
    const found = await Promise.all(
      alerts.map(async ({ name, expr }) => ((await prometheus.query(expr)).length > 0 ? [name] : []))
    )
    return found.flat()
  }
  /** What fires once that is what was expected, and otherwise what fires at the end of the wait. */
  const firingIn = async (expected: readonly string[]): Promise<string[]> => {
    let last: string[] = []
    const asExpected = async () => ((last = await firing()), last.join() === expected.join())
    await eventually(asExpected, { withinMs: 60_000, everyMs: 500 }).catch(() => undefined)
    return last
  }

  test('nothing fires on a platform that is well', async () => {
    expect(await firingIn([])).toEqual([])
  })

  test('an outbox that nobody empties', async () => {
    await house.platform.service('inventory').stop()
    const client = new Client({ connectionString: withDatabase(house.platform.urls.postgres, 'inventory') })
    await client.connect()
    try {
      // Who holds this lock relays: the test does, and relays nothing.
      await client.query('select pg_advisory_lock(4283500002)')
      await house.platform.service('inventory').start()
      await client.query(
        `insert into outbox (topic, key, value, headers, created_at)
         values ('stock', 'nobody', '{}', '{}', now() - interval '5 minutes')`
      )
      expect(await firingIn(['GavelOutboxStands'])).toEqual(['GavelOutboxStands'])
      await client.query('delete from outbox')
    } finally {
      await client.end()
    }
    expect(await firingIn([])).toEqual([])
  })

  test('an entry of a ledger that was changed where it is stored', async () => {
    const auctionId = await house.auction(await house.product(1), { mode: 'english', openingPriceMinor: 1000 })
    const [buyer] = await house.bidders(1)
    await house.bid(auctionId, buyer!)
    const client = await MongoClient.connect(house.platform.urls.mongodb)
    try {
      const ledger = client
        .db('bidding')
        .collection<{ _id: { auctionId: string; seq: number }; text: string }>('ledger')
      const _id = { auctionId, seq: 1 }
      const written = await ledger.findOne({ _id })
      const changed = written!.text.replace('"priceMinor":1000', '"priceMinor":9000')
      expect(changed).not.toBe(written!.text)
      await ledger.updateOne({ _id }, { $set: { text: changed } })
      expect(await firingIn(['GavelLedgerBroken'])).toEqual(['GavelLedgerBroken'])
      await ledger.updateOne({ _id }, { $set: { text: written!.text } })
      expect(await firingIn([])).toEqual([])
    } finally {
      await client.close()
    }
  })

  test('a service that is gone', async () => {
    await house.platform.service('payment').kill('SIGKILL')
    expect(await firingIn(['GavelNotWell'])).toEqual(['GavelNotWell'])
    await house.platform.service('payment').start()
    expect(await firingIn([])).toEqual([])
  })

  test('payments that are declined', async () => {
    const productId = await house.product(20)
    const auctionId = await house.auction(productId)
    for (const buyer of await house.bidders(15, '4000000000000002')) await house.bid(auctionId, buyer)
    await house.settled(productId, 15)
    expect(await firingIn(['GavelPaymentsDeclined'])).toEqual(['GavelPaymentsDeclined'])
  })

  test('an event that nobody can read', async () => {
    const kafka = new Kafka({ brokers: house.platform.urls.kafka.split(','), logLevel: logLevel.NOTHING })
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({ topic: payments.name, messages: [{ key: 'nobody', value: 'this is no event' }] })
    await producer.disconnect()
    // The declined payments of the test before are still in their window.
    expect(await firingIn(['GavelDeadLetters', 'GavelPaymentsDeclined'])).toEqual([
      'GavelDeadLetters',
      'GavelPaymentsDeclined'
    ])
  })
})
