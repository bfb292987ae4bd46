import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { services } from '@gavel/contracts/services.ts'
import { readDirectories } from '@gavel/standalone/config.ts'
import type { Report } from '@gavel/standalone/replay/report.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { requireSuccess, runProgram } from '../support/run-program.ts'
import type { Told } from '../support/shop.ts'
import { bidSteadily, ClusterShop } from './cluster-shop.ts'
import { clearAbandoned, startCluster, type Cluster } from './cluster.ts'
import { expectedOf, recordAuctions } from './recording.ts'
import { Release } from './release.ts'
import { testImages } from './test-images.ts'

/**
 * The life of an installation on a real cluster, from `helm install` to `helm uninstall`: the steps follow each other, as they do for whoever
 * runs Gavel.
 */
const home = mkdtempSync(join(tmpdir(), 'gavel-cluster-'))
const place = join(tmpdir(), 'gavel-test-cluster')
const progress = (line: string): void => console.error(`  ${line}`)
let cluster: Cluster
let release: Release
let shop: ClusterShop

beforeAll(async () => {
  const { cache } = readDirectories()
  await clearAbandoned(place)
  cluster = await startCluster({
    cache,
    directory: place,
    name: 'gaveltest',
    network: '10.98.0',
    progress
  })
  const images = await testImages({ cache, data: join(home, 'data'), logs: join(home, 'logs') }, progress)
  for (const archive of images.archives) await cluster.load(archive)
  release = new Release(cluster, images)
  await release.createNamespace()
}, 1_200_000)

afterAll(async () => {
  await shop?.close()
  await cluster?.stop()
  rmSync(home, { recursive: true, force: true })
}, 120_000)

const becomesReady = (version: string): Promise<unknown> =>
  eventually(
    async () => {
      const { ready, version: running, said } = await release.state()
      if (!ready || running !== version) throw new Error(said)
      return true
    },
    { withinMs: 900_000, everyMs: 1_000, what: `version ${version} to be in place` }
  )

describe('an installation in a cluster', () => {
  test('each image is under 250 MB unpacked', () => {
    const sizes = Object.entries(release.images.sizes)
    expect(sizes.length).toBeGreaterThan(services.length)
    expect(sizes.filter(([, bytes]) => bytes >= 250_000_000)).toEqual([])
  })

  test('helm install makes a platform that is ready, every pod of it restricted', async () => {
    await release.put('install', release.images.tags.first)
    await becomesReady(release.images.tags.first)
    expect(await release.helm('test', 'gavel')).toContain('Succeeded')
    shop = await ClusterShop.open(release)
  })

  test('a bid from outside becomes an order', async () => {
    const [bidder] = await shop.bidders(1)
    const productId = await shop.product(5)
    const auctionId = await shop.auction(productId)
    const told = await shop.bid(auctionId, bidder!)
    expect(told.code).toBeUndefined()
    expect(await shop.settled(productId, 1)).toMatchObject({ ordered: 1, failed: 0 })
    await shop.expectBooksBalanced(productId, 5, [told.receipt?.orderNumber ?? ''])
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
    const auctionId = await shop.auction(await shop.product(1_000_000))
    const load = await bidSteadily(shop, auctionId, 60)
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
    await release.kubectl('cordon', 'node1')
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
      await release.kubectl('uncordon', 'node1')
    }
    await become('Passing')
  })

  test('an upgrade under load fails no bid', async () => {
    await becomesReady(release.images.tags.first)
    const productId = await shop.product(1_000_000)
    const auctionId = await shop.auction(productId)
    const load = await bidSteadily(shop, auctionId, 5)
    try {
      await release.put('upgrade', release.images.tags.next)
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
      await release.put('upgrade', broken, ['--set', 'platform.spec.upgrade.healthTimeoutSeconds=60'])
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
    await release.put('upgrade', next)
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
        const before = told.length
        const [pod] = await release.list(
          'pods',
          `app.kubernetes.io/name=${name},gavel.dev/platform=gavel,app.kubernetes.io/component!=migration`
        )
        await release.kubectl('delete', 'pod', pod!.metadata.name, '--force', '--grace-period=0')
        // Load goes on between two kills, so that each meets work under way.
        await eventually(() => told.length > before + 10, { withinMs: 120_000, what: `bids after the end of ${name}` })
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
})

const ofTheCluster = new Set(['ConfigMap/kube-root-ca.crt', 'ServiceAccount/default'])
