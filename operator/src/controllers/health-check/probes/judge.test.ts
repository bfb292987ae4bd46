import { describe, expect, test } from 'vitest'
import type { RolloutCheck } from '../spec.ts'
import { samplesOf } from './prometheus.ts'
import { judgeRollout } from './rollout.ts'

describe('a rollout', () => {
  const deployment: RolloutCheck = { kind: 'Deployment', name: 'shop' }
  const daemonSet: RolloutCheck = { kind: 'DaemonSet', name: 'agent' }
  const seen = { observedGeneration: 2 }
  const late = {
    type: 'Progressing',
    status: 'False',
    reason: 'ProgressDeadlineExceeded',
    message: 'ReplicaSet "shop-1" has timed out'
  }

  test.each<[string, RolloutCheck, object, object, string, RegExp]>([
    ['complete', deployment, { replicas: 2 }, { ...seen, availableReplicas: 2 }, 'Passing', /2 of 2/],
    ['one short', deployment, { replicas: 2 }, { ...seen, availableReplicas: 1 }, 'Failing', /1 of 2/],
    ['none yet', deployment, {}, seen, 'Failing', /0 of 1/],
    ['scaled to zero', deployment, { replicas: 0 }, seen, 'Passing', /0 of 0/],
    [
      'enough',
      { ...deployment, availableMin: 1 },
      { replicas: 3 },
      { ...seen, availableReplicas: 1 },
      'Passing',
      /1 of 3/
    ],
    ['of an older spec', deployment, {}, { observedGeneration: 1 }, 'Inconclusive', /not been looked at/],
    ['stuck', deployment, {}, { ...seen, availableReplicas: 1, conditions: [late] }, 'Failing', /has timed out/],
    ['on each node', daemonSet, {}, { ...seen, desiredNumberScheduled: 3, numberAvailable: 2 }, 'Failing', /2 of 3/]
  ])('%s', (_what, check, spec, status, outcome, message) => {
    const found = judgeRollout('it', check, { metadata: { name: 'x', generation: 2 }, spec, status })
    expect(found.outcome).toBe(outcome)
    expect(found.message).toMatch(message)
  })
})

describe('an answer of Prometheus', () => {
  const answer = (resultType: string, result: unknown) =>
    JSON.stringify({ status: 'success', data: { resultType, result } })
  test.each<[string, string, unknown]>([
    ['a scalar', answer('scalar', [0, '2.5']), [{ name: '', value: 2.5 }]],
    [
      'a vector',
      answer('vector', [{ metric: { __name__: 'up', job: 'a', pod: 'b' }, value: [0, '+Inf'] }]),
      [{ name: 'job=a,pod=b', value: Infinity }]
    ],
    ['an empty vector', answer('vector', []), []],
    ['a matrix', answer('matrix', []), undefined],
    ['no JSON', '<html>', undefined],
    ['an error', '{"status":"error","error":"parse error"}', undefined]
  ])('%s', (_what, text, samples) => {
    expect(samplesOf(text)).toEqual(samples)
  })
})
