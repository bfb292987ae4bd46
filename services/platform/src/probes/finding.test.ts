import { describe, expect, test } from 'vitest'
import { judgeHttp, judgeRange, judgeTcp, type HttpCriteria } from './finding.ts'
import type { HttpAnswer } from './http.ts'

const ok: HttpAnswer = { answered: true, status: 200, text: 'all is well' }

describe('an HTTP answer', () => {
  test.each<[string, HttpCriteria, HttpAnswer, string, RegExp]>([
    ['any 2xx', {}, ok, 'Passing', /answered 200/],
    ['no 2xx', {}, { ...ok, status: 302 }, 'Failing', /answered 302, expected 2xx/],
    ['an expected status', { expectStatus: [401, 403] }, { ...ok, status: 403 }, 'Passing', /403/],
    ['another status', { expectStatus: [204] }, ok, 'Failing', /answered 200, expected 204/],
    ['the text', { bodyContains: 'well' }, ok, 'Passing', /200/],
    ['no such text', { bodyContains: 'ill' }, ok, 'Failing', /without the text «ill»/],
    ['nothing', {}, { answered: false, error: 'ECONNREFUSED' }, 'Failing', /GET http:\/\/a: ECONNREFUSED/]
  ])('%s', (_what, criteria, answer, outcome, message) => {
    const finding = judgeHttp('GET http://a', criteria, answer)
    expect(finding.outcome).toBe(outcome)
    expect(finding.message).toMatch(message)
  })
})

test('a connection passes, and why there is none is told', () => {
  expect(judgeTcp('a:1', { connected: true }).outcome).toBe('Passing')
  expect(judgeTcp('a:1', { connected: false, error: 'ECONNREFUSED' })).toMatchObject({
    outcome: 'Failing',
    message: 'a:1: ECONNREFUSED'
  })
})

describe('a range', () => {
  const range = { min: 1, max: 10 }
  test.each<[string, [string, number][], string, RegExp]>([
    [
      'inside',
      [
        ['a', 1],
        ['b', 10]
      ],
      'Passing',
      /within 1 to 10/
    ],
    ['below', [['a', 0]], 'Failing', /q of a is 0, outside 1 to 10/],
    [
      'the farthest of several',
      [
        ['a', 11],
        ['b', 40],
        ['c', 5]
      ],
      'Failing',
      /q of b is 40.*and 1 more/
    ],
    ['none', [], 'Inconclusive', /no value/],
    ['no number', [['a', NaN]], 'Inconclusive', /no value/],
    ['without end', [['a', Infinity]], 'Failing', /Infinity/]
  ])('%s', (_what, samples, outcome, message) => {
    const finding = judgeRange(
      'q',
      range,
      samples.map(([name, value]) => ({ name, value }))
    )
    expect(finding.outcome).toBe(outcome)
    expect(finding.message).toMatch(message)
  })

  test('one bound is enough', () => {
    expect(judgeRange('q', { min: 1 }, [{ name: '', value: 1e9 }]).outcome).toBe('Passing')
    expect(judgeRange('q', { max: 1 }, [{ name: '', value: 2 }]).message).toBe('q is 2, outside 1 and below')
  })
})
