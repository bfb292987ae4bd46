import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { KubeClient } from '../src/kube/client.ts'
import { LeaderElection, leases } from '../src/kube/lease.ts'
import { startApiServer, type ApiServer } from '../../test/cluster/api-server.ts'
import { eventually } from '../../test/support/eventually.ts'
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts'

describe('leader election on a real API server', () => {
  let api: ApiServer
  let proxy: FaultProxy
  let stops: (() => Promise<void>)[] = []
  let count = 0

  beforeAll(async () => {
    api = await startApiServer({
      binaries: inject('kubernetesBinaries'),
      directory: inject('temporaryDirectory') + '/lease'
    })
    proxy = await startFaultProxy(api)
  })
  afterEach(async () => {
    proxy.rule = () => undefined
    for (const stop of stops.splice(0)) await stop()
    stops = []
  })
  afterAll(async () => {
    await proxy.stop()
    await api.stop()
  })

  interface Candidate {
    election: LeaderElection
    terms: AbortSignal[]
  }
  const candidate = (
    identity: string,
    name: string,
    config = api.config,
    more: { leaseMs?: number; renewDeadlineMs?: number } = {}
  ): Candidate => {
    const terms: AbortSignal[] = []
    const election = new LeaderElection({
      client: new KubeClient(config),
      namespace: 'default',
      name,
      identity,
      leaseMs: 2_000,
      renewDeadlineMs: 1_200,
      retryMs: 100,
      ...more
    })
    stops.push(() => election.stop())
    election.start((signal) => terms.push(signal))
    return { election, terms }
  }
  const leaders = (...candidates: Candidate[]) => candidates.filter(({ election }) => election.isLeader)

  test('of three candidates one leads', async () => {
    const name = `lease-${++count}`
    const candidates = ['a', 'b', 'c'].map((identity) => candidate(identity, name))
    await eventually(() => leaders(...candidates).length === 1)
    expect(candidates.flatMap(({ terms }) => terms)).toHaveLength(1)
  })

  test('a leader that stops gives the lease back, and the follower need not wait for its end', async () => {
    const name = `lease-${++count}`
    // With a lease of a minute, only a release can let the follower lead within the test's bound.
    const first = candidate('a', name, api.config, { leaseMs: 60_000 })
    await eventually(() => first.election.isLeader)
    const second = candidate('b', name, api.config, { leaseMs: 60_000 })
    await first.election.stop()
    expect(first.terms[0]?.aborted).toBe(true)
    await eventually(() => second.election.isLeader)
  })

  test('a leader cut off from the server stops before another leads', async () => {
    const name = `lease-${++count}`
    const cut = candidate('cut', name, proxy.config)
    await eventually(() => cut.election.isLeader)
    const other = candidate('other', name)
    let together = 0
    const watch = setInterval(() => {
      if (leaders(cut, other).length > 1) together++
    }, 5)
    proxy.rule = () => ({ do: 'silence' })
    await eventually(() => other.election.isLeader)
    clearInterval(watch)
    expect(cut.terms[0]?.aborted).toBe(true)
    expect(together).toBe(0)
    const lease = await new KubeClient(api.config).get(leases, 'default', name)
    expect((lease['spec'] as { holderIdentity: string; leaseTransitions: number }).holderIdentity).toBe('other')
  })

  test('a passing fault of the server does not end leadership', async () => {
    const name = `lease-${++count}`
    const only = candidate('a', name, proxy.config)
    await eventually(() => only.election.isLeader)
    let left = 3
    proxy.rule = () => (left-- > 0 ? { do: 'answer', status: 500 } : undefined)
    await eventually(() => left < -3)
    expect(only.terms).toHaveLength(1)
    expect(only.election.isLeader).toBe(true)
  })
})
