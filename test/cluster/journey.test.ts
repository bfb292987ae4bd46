import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ProductStock } from '@gavel/contracts/api/inventory.ts'
import type { SaleProgress } from '@gavel/contracts/api/order.ts'
import { verifyEvents } from '@gavel/contracts/api/eventlog.ts'
import { logIn, register } from '@gavel/contracts/api/identity.ts'
import { readReconciliation } from '@gavel/contracts/api/reconciliation.ts'
import { services } from '@gavel/contracts/services.ts'
import { findLedgerFault, readWholeLedger } from '@gavel/standalone/client/ledger.ts'
import { readDirectories } from '@gavel/standalone/config.ts'
import type { Report } from '@gavel/standalone/replay/report.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { requireSuccess, runProgram } from '../support/run-program.ts'
import type { Told } from '../support/shop.ts'
import { bidSteadily, ClusterShop } from './cluster-shop.ts'
import { clearAbandoned, startCluster, type Cluster } from './cluster.ts'
import { commandsOfNotes, commandsUnder } from './guide.ts'
import { leftBehind } from './left-behind.ts'
import { expectedOf, recordAuctions } from './recording.ts'
import { Release } from './release.ts'
import { testImages } from './test-images.ts'

/**
 * The life of an installation on a real cluster of two nodes, from `helm install` to `helm uninstall` and back from a back-up: the steps follow
 * each other, as they do for whoever runs Gavel.
 */
const home = mkdtempSync(join(tmpdir(), 'gavel-cluster-'))
const clusterName = 'gaveltest'
const place = join(tmpdir(), 'gavel-test-cluster')
const progress = (line: string): void => console.error(`  ${line}`)
let cluster: Cluster
let release: Release
let shop: ClusterShop
/** What is in the house when its back-up is taken. */
let before: { auctionId: string; told: Told[]; productId: string; stock: ProductStock; sales: SaleProgress[] }
const person = { email: 'carla@house.example', password: 'what only Carla knows', displayName: 'Carla' }

beforeAll(async () => {
  const { cache } = readDirectories()
  await clearAbandoned(place)
  cluster = await startCluster({
    cache,
    directory: place,
    name: clusterName,
    nodes: 2,
    network: '10.98.0',
    progress
  })
  const images = await testImages({ cache, data: join(home, 'data'), logs: join(home, 'logs') }, progress)
  for (const archive of images.archives) await cluster.load(archive)
  release = new Release(cluster, images)
}, 1_200_000)

afterAll(async () => {
  await shop?.close()
  await cluster?.stop()
  release?.close()
  rmSync(home, { recursive: true, force: true })
  expect(leftBehind(clusterName, place)).toEqual([])
}, 120_000)

const isReached = (): Promise<unknown> =>
  eventually(async () => (await fetch(`${release.url}/readyz`)).ok, {
    withinMs: 300_000,
    everyMs: 500,
    what: 'the platform to be reached from outside'
  })

const becomesReady = (version: string): Promise<unknown> =>
  eventually(
    async () => {
      const { ready, version: running, said } = await release.state()
      if (!ready || running !== version) throw new Error(said)
      return true
    },
    { withinMs: 900_000, everyMs: 1_000, what: `version ${version} to be in place` }
  )

/** A bid on a product of its own becomes an order, and the provider has its money. */
async function expectSale(): Promise<void> {
  const [bidder] = await shop.bidders(1)
  const productId = await shop.product(5)
  const told = await shop.bid(await shop.auction(productId), bidder!)
  expect(told.code).toBeUndefined()
  expect(await shop.settled(productId, 1)).toMatchObject({ ordered: 1, failed: 0 })
  await shop.expectBooksBalanced(productId, 5, [told.receipt?.orderNumber ?? ''])
}

describe('an installation in a cluster', () => {
  test('each image is under 250 MB unpacked', () => {
    const sizes = Object.entries(release.images.sizes)
    expect(sizes.length).toBeGreaterThan(services.length)
    expect(sizes.filter(([, bytes]) => bytes >= 250_000_000)).toEqual([])
  })

  test('the guide’s commands, run as they stand there, place a first bid', async () => {
    const startedAt = performance.now()
    const [tryIt = ''] = commandsUnder('deploy.md', 'Try it')
    expect(await release.follow(tryIt, release.images.tags.first)).toMatch(/Phase: +Succeeded/)
    const notes = await release.helm('get', 'notes', 'gavel')
    const answers = await release.follow(commandsOfNotes(notes), release.images.tags.first)
    progress(`from the first command to the first bid: ${Math.round((performance.now() - startedAt) / 1000)} s`)
    expect(JSON.parse(/\{\n[\s\S]*$/.exec(answers)?.[0] ?? '')).toMatchObject({
      bidId: 'my-first-bid-0001',
      auctionId: 'clock-1',
      outcome: 'accepted',
      leading: true
    })
  })

  test('the pods of a service are on both nodes, and either leads in from outside', async () => {
    release.isOpen = true
    await release.upgrade(release.images.tags.first)
    await isReached()
    shop = await ClusterShop.open(release)
    const pods = await release.list('pods', 'app.kubernetes.io/name=bidding,app.kubernetes.io/component=service')
    const nodes = pods.map(({ spec }) => (spec as { nodeName: string }).nodeName)
    expect(nodes.toSorted()).toEqual(['node1', 'node2'])
    for (const address of cluster.addresses)
      expect((await fetch(release.url.replace(cluster.address, address))).status).toBe(200)
  })

  test('a bid from outside becomes an order', async () => {
    await expectSale()
  })

  test('a recording of 50 auctions ends as a plain calculation says', async () => {
    const recording = recordAuctions(50)
    const file = join(home, 'auctions.csv')
    const json = join(home, 'report.json')
    writeFileSync(file, recording)
    const ran = await runProgram('services/standalone/src/replay/main.ts', [file, '--json', json], {
      GAVEL_URL: release.url,
      GAVEL_ADMIN_EMAIL: await release.secret('gavel-admin', 'email'),
      GAVEL_ADMIN_PASSWORD: await release.secret('gavel-admin', 'password'),
      GAVEL_DIRECTORY: join(home, 'replay')
    })
    requireSuccess(ran)
    const { auctions, bids, sagas, ledgers } = JSON.parse(readFileSync(json, 'utf8')) as Report
    const expected = expectedOf(recording)
    expect({ auctions, bids: bids.total, accepted: bids.accepted, orders: sagas.orders }).toEqual(expected)
    expect({ ledgers, failed: sagas.failed, open: sagas.open }).toEqual({
      ledgers: { verified: 50, broken: 0 },
      failed: 0,
      open: 0
    })
  })

  test('bidding grows under load, and shrinks again', async () => {
    // A field of the Scaler that the platform leaves to others: nobody waits five minutes for the end of a test.
    const behavior = { scaleDown: { stabilizationWindowSeconds: 15 } }
    await release.kubectl('patch', 'scaler', 'bidding', '--type=merge', '-p', JSON.stringify({ spec: { behavior } }))
    const replicas = async (): Promise<string> =>
      release.kubectl('get', 'deployment', 'bidding', '-o', 'jsonpath={.status.readyReplicas}')
    const is = (count: string): Promise<unknown> =>
      eventually(async () => (await replicas()) === count, {
        withinMs: 180_000,
        everyMs: 1_000,
        what: `${count} pods of bidding`
      })
    await is('2')
    // Bids that are no sales: bidding is to grow, and no crowd of orders is left to the steps that follow.
    const auctionId = await shop.auction(await shop.product(1), { mode: 'english', quantity: 1 })
    const load = await bidSteadily(shop, auctionId, 60, { rising: true })
    try {
      await is('3')
    } finally {
      await load.stop()
    }
    expect(load.failures).toEqual([])
    await is('2')
  })

  test('a consumer that has no place to run turns its HealthChecks, and they turn back with it', async () => {
    const outcomes = async (): Promise<Record<string, string>> =>
      Object.fromEntries(
        (await release.list('healthchecks', 'gavel.dev/service=payment')).map(({ metadata, status }) => [
          metadata.name,
          (status as { outcome?: string } | undefined)?.outcome ?? ''
        ])
      )
    const become = (outcome: string): Promise<unknown> =>
      eventually(
        async () => {
          expect(await outcomes()).toMatchObject({ 'payment-reservations': outcome, 'payment-orders': outcome })
          return true
        },
        { withinMs: 120_000, everyMs: 1_000, what: `the consumers of payment to be ${outcome}` }
      )
    await become('Passing')
    await release.kubectl('cordon', '-l', 'kubernetes.io/os=linux')
    try {
      await release.kubectl(
        'delete',
        'pod',
        '-l',
        'app.kubernetes.io/name=payment,app.kubernetes.io/component=service',
        '--force',
        '--grace-period=0'
      )
      await become('Failing')
    } finally {
      await release.kubectl('uncordon', '-l', 'kubernetes.io/os=linux')
    }
    await become('Passing')
  })

  test('an upgrade under load fails no bid', async () => {
    await becomesReady(release.images.tags.first)
    const productId = await shop.product(1_000_000)
    const auctionId = await shop.auction(productId)
    const load = await bidSteadily(shop, auctionId, 5)
    try {
      await release.upgrade(release.images.tags.next)
      await becomesReady(release.images.tags.next)
    } finally {
      await load.stop()
    }
    expect(load.failures).toEqual([])
    expect(await shop.settled(productId, load.accepted())).toMatchObject({ ordered: load.accepted(), failed: 0 })
  })

  test('a version that does not start is taken back by itself, and bids go on', async () => {
    const { next, broken } = release.images.tags
    const auctionId = await shop.auction(await shop.product(1_000_000))
    const load = await bidSteadily(shop, auctionId, 5)
    try {
      await release.upgrade(broken, ['--set', 'platform.spec.upgrade.healthTimeoutSeconds=60'])
      await eventually(
        async () => {
          const { status } = await release.platform()
          expect(status?.failed?.version).toBe(broken)
          expect(status?.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('RolledBack')
          return true
        },
        { withinMs: 900_000, everyMs: 1_000, what: 'the version before to be back' }
      )
    } finally {
      await load.stop()
    }
    expect(load.failures).toEqual([])
    const images = (
      await release.list('deployments', 'gavel.dev/platform=gavel,app.kubernetes.io/component=service')
    ).map(
      ({ spec }) =>
        (spec as { template: { spec: { containers: { image: string }[] } } }).template.spec.containers[0]!.image
    )
    expect(images.filter((image) => !image.endsWith(`:${next}`))).toEqual([])
    await release.upgrade(next)
    await becomesReady(next)
  })

  test('a pod of each service is killed, and nothing acknowledged is lost', async () => {
    const productId = await shop.product(1_000_000)
    const sale = await shop.auction(productId)
    const stop = new AbortController()
    const told: Told[] = []
    const callers = (await shop.bidders(4)).map(async (bidder) => {
      while (!stop.signal.aborted) {
        told.push(await shop.bid(sale, bidder))
        await delay(100)
      }
    })
    const kills = (async () => {
      for (const name of [...services.map((service) => service.name), 'gateway']) {
        const known = told.length
        const [pod] = await release.list(
          'pods',
          `app.kubernetes.io/name=${name},gavel.dev/platform=gavel,app.kubernetes.io/component!=migration`
        )
        await release.kubectl('delete', 'pod', pod!.metadata.name, '--force', '--grace-period=0')
        // Load goes on between two kills, so that each meets work under way.
        await eventually(() => told.length > known + 10, { withinMs: 120_000, what: `bids after the end of ${name}` })
      }
    })()
    // A caller that fails ends the test at once.
    await Promise.race([kills, Promise.all(callers)]).finally(() => stop.abort())
    await Promise.all([kills, ...callers])
    await shop.expectLedgerWhole(sale, told)
    const accepted = told.filter(({ code }) => code === undefined)
    expect(await shop.settled(productId, accepted.length)).toMatchObject({ ordered: accepted.length, failed: 0 })
    await shop.expectBooksBalanced(
      productId,
      1_000_000,
      accepted.map(({ receipt }) => receipt?.orderNumber ?? '')
    )
    const [stock, sales] = await Promise.all([shop.stock(productId), shop.salesOf(productId)])
    before = { auctionId: sale, told, productId, stock, sales }
  })

  test('a back-up is taken as the guide says, and bids go on after it', async () => {
    await shop.gateway.call(register, { body: person })
    const [backUp = ''] = commandsUnder('operate.md', 'Back up and restore')
    await release.follow(backUp, release.images.tags.next)
    await isReached()
    await expectSale()
  })

  test('helm uninstall leaves the data, what opens it, and nothing else', async () => {
    await release.helm('uninstall', 'gavel', '--wait')
    const left = await eventually(
      async () => {
        const objects = await release.list(
          'all,gavel,configmaps,secrets,serviceaccounts,roles,rolebindings,networkpolicies,pdb,pvc,leases'
        )
        const names = objects
          .map(({ kind, metadata }) => `${kind}/${metadata.name}`)
          .filter((name) => !ofTheCluster.has(name))
        expect(names.filter((name) => name.startsWith('Pod/'))).toEqual([])
        return names
      },
      { withinMs: 120_000, everyMs: 1_000, what: 'the pods to be gone' }
    )
    expect(left.toSorted()).toEqual(
      [
        ...['kafka', 'mailbox', 'mongodb', 'payment-provider', 'postgres', 'redis'].map(
          (name) => `PersistentVolumeClaim/data-dev-${name}-0`
        ),
        ...['dev-payment-provider', 'dev-postgres', 'gavel-admin', 'gavel-bidding', 'gavel-identity'].map(
          (name) => `Secret/${name}`
        )
      ].toSorted()
    )
  })

  test('when everything is gone, the back-up brings it back as the guide says', async () => {
    await cluster.kubectl('delete', 'namespace', 'gavel')
    const [tryIt = ''] = commandsUnder('deploy.md', 'Try it')
    const [, restore = ''] = commandsUnder('operate.md', 'Back up and restore')
    const { next } = release.images.tags
    await release.follow(`${tryIt.slice(0, tryIt.indexOf('helm install'))}${restore}`, next)
    const restoredAt = Date.now()
    await shop.close()
    await isReached()
    shop = await ClusterShop.open(release)
    const { auctionId, told, productId, stock, sales } = before
    expect(await findLedgerFault(auctionId, readWholeLedger(shop.gateway, auctionId), told)).toBeUndefined()
    expect({ stock: await shop.stock(productId), sales: await shop.salesOf(productId) }).toMatchObject({ stock, sales })
    const { email, password } = person
    expect(await shop.gateway.call(logIn, { body: { email, password } })).toMatchObject({ account: { email } })
    await expectSale()
    const token = await shop.adminToken()
    expect(await shop.gateway.call(verifyEvents, { query: {} }, { token })).toMatchObject({ valid: true })
    await eventually(
      async () => {
        const { differences, statements } = await shop.gateway.call(readReconciliation, {}, { token })
        expect(differences).toBe(0)
        expect(statements.filter(({ roundEndedAt = 0 }) => roundEndedAt < restoredAt)).toEqual([])
        return true
      },
      { withinMs: 300_000, everyMs: 1_000, what: 'everything to be compared with the event log' }
    )
  })
})

const ofTheCluster = new Set(['ConfigMap/kube-root-ca.crt', 'ServiceAccount/default'])
