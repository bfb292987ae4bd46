import { failing, inconclusive, passing, type Finding } from '@gavel/platform/probes/finding.ts'
import { advance, unjudged, type Verdict } from '@gavel/platform/probes/verdict.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planHealthCheck, type CheckPlan, type CheckView } from './plan.ts'
import type { HealthCheckResource, HealthCheckSpec, HealthCheckStatus } from './types.ts'

const start = Date.parse('2030-01-01T00:00:00Z')
const http: HealthCheckSpec = { http: { url: 'http://user:secret@shop.example/health?token=secret' } }
const aCheck = (spec: Partial<HealthCheckSpec> = {}, status?: HealthCheckStatus): HealthCheckResource => ({
  metadata: { name: 'check', namespace: 'default', uid: 'u', generation: 1 },
  spec: { ...http, ...spec },
  ...(status ? { status } : {})
})
const aView = (verdict: Verdict, more: Partial<CheckView> = {}): CheckView => ({
  verdict,
  fresh: undefined,
  members: [],
  stuck: [],
  restartsMs: [],
  budgetToldMs: undefined,
  writtenCause: undefined,
  ...more
})
const thresholds = { failures: 1, successes: 1, history: 10 }
const found = (finding: Finding, before = unjudged(start)): Verdict => advance(before, finding, thresholds, start)
const plan = (resource: HealthCheckResource, view: CheckView, nowMs = start): CheckPlan =>
  planHealthCheck(resource, view, { now: new Date(nowMs), heartbeatMs: 60_000 })

const up = passing('answered 200')
const down = failing('answered 500')
const away = inconclusive('cannot be asked')

describe('status', () => {
  test.each<[string, Finding, Partial<HealthCheckSpec>, string, string]>([
    ['passing', up, {}, 'True', 'Passing'],
    ['failing', down, {}, 'False', 'Failing'],
    ['what cannot be asked', away, {}, 'Unknown', 'Inconclusive'],
    ['failing in a dry run', down, { dryRun: true }, 'True', 'DryRun']
  ])('%s', (_what, fresh, spec, status, reason) => {
    const planned = plan(aCheck(spec), aView(found(fresh), { fresh })).status
    expect(planned.conditions).toMatchObject([{ type: 'Ready', status, reason }])
    expect(planned.outcome).toBe(fresh.outcome)
  })

  test('a target is told without what may be secret in its address', () => {
    expect(plan(aCheck(), aView(unjudged(start))).status.target).toBe('GET http://shop.example/health')
  })

  const written = plan(aCheck(), aView(found(up), { fresh: up })).status
  const again = (verdict: Verdict, fresh: Finding, afterMs: number, writtenCause: string | undefined = 'well') =>
    plan(aCheck({}, written), aView(verdict, { fresh, writtenCause }), start + afterMs).status

  test('one more success is no news, until a minute has passed', () => {
    const verdict = advance(found(up), up, thresholds, start + 1000)
    expect(again(verdict, up, 59_000)).toBe(written)
    expect(again(verdict, up, 60_000)).toMatchObject({ lastCheckedAt: '2030-01-01T00:01:00Z', consecutiveSuccesses: 2 })
  })

  test('another figure in the message is no news, another cause is', () => {
    const figure = { ...found(up), message: 'answered 200 of 201' }
    expect(again(figure, up, 1000)).toBe(written)
    expect(again({ ...figure, cause: 'other' }, up, 1000)).not.toBe(written)
  })

  test('after a change of leader the same message is no news', () => {
    expect(again(found(up), up, 1000, undefined)).toBe(written)
  })

  test('a transition is an Event, a first «not probed yet» is none', () => {
    expect(plan(aCheck(), aView(unjudged(start))).events).toEqual([])
    expect(plan(aCheck({}, written), aView(found(down), { fresh: down })).events).toEqual([
      { type: 'Warning', reason: 'Failing', action: 'Probe', note: 'answered 500' }
    ])
  })
})

describe('restart', () => {
  const restart = { deployment: 'shop', budgetPerHour: 2, waitSeconds: 60 }
  const ago = (...seconds: number[]) => seconds.map((second) => start - second * 1000)
  const bad = found(down)

  test.each<[string, Partial<HealthCheckSpec>, Partial<CheckView>, boolean]>([
    ['at the first failure that counts', { restart }, { fresh: down }, true],
    ['never when not asked for', {}, { fresh: down }, false],
    ['never in a dry run', { restart, dryRun: true }, { fresh: down }, false],
    ['never from memory alone', { restart }, {}, false],
    ['never while nothing can be asked', { restart }, { fresh: away }, false],
    ['not while the last one may still help', { restart }, { fresh: down, restartsMs: ago(59) }, false],
    ['again when it did not help', { restart }, { fresh: down, restartsMs: ago(60) }, true],
    ['not beyond the budget', { restart }, { fresh: down, restartsMs: ago(60, 3000) }, false],
    ['again when an hour has passed', { restart }, { fresh: down, restartsMs: ago(60, 3600) }, true]
  ])('%s', (_what, spec, view, due) => {
    const planned = plan(aCheck(spec), aView(bad, view))
    expect(planned.restart).toEqual(due ? { deployment: 'shop', at: '2030-01-01T00:00:00Z' } : undefined)
    if (due) expect(planned.status.restarts?.[0]).toBe('2030-01-01T00:00:00Z')
  })

  test('that the budget is spent is said once', () => {
    const first = plan(aCheck({ restart }), aView(bad, { fresh: down, restartsMs: ago(60, 90) }))
    expect(first.events.map(({ reason }) => reason)).toContain('RestartBudgetSpent')
    const { budgetToldMs } = first
    const second = plan(
      aCheck({ restart }, first.status),
      aView(bad, { fresh: down, restartsMs: ago(60, 90), budgetToldMs })
    )
    expect(second.events).toEqual([])
  })

  test('whatever is found, no hour holds more restarts than the budget', () => {
    const findings = fc.array(
      fc.record({
        finding: fc.constantFrom(up, down, down, down, away),
        afterMs: fc.integer({ min: 1, max: 900_000 })
      }),
      { maxLength: 80 }
    )
    fc.assert(
      fc.property(findings, (row) => {
        let [verdict, nowMs, restartsMs, all] = [unjudged(start), start, [] as number[], [] as number[]]
        let status: HealthCheckStatus | undefined
        for (const { finding: fresh, afterMs } of row) {
          nowMs += afterMs
          verdict = advance(verdict, fresh, thresholds, nowMs)
          const planned = plan(aCheck({ restart }, status), aView(verdict, { fresh, restartsMs }), nowMs)
          ;({ restartsMs, status } = planned)
          if (planned.restart) {
            expect(fresh.outcome).toBe('Failing')
            all = [...all, nowMs]
          }
        }
        for (const at of all)
          expect(all.filter((other) => other >= at && other < at + 3_600_000).length).toBeLessThanOrEqual(2)
      })
    )
  })
})
