import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { failing, inconclusive, passing, type Finding, type Outcome } from './finding.ts'
import { advance, unjudged, type Thresholds, type Verdict } from './verdict.ts'

const findings = { P: passing('well'), F: failing('down'), I: inconclusive('away') }
const thresholds: Thresholds = { failures: 3, successes: 2, history: 5 }
const follow = (letters: string, given = thresholds): Verdict =>
  letters
    .split('')
    .reduce<Verdict>(
      (verdict, letter, index) => advance(verdict, findings[letter as 'P' | 'F' | 'I'], given, index + 1),
      unjudged(0)
    )

test.each<[string, Outcome]>([
  ['', 'Inconclusive'],
  ['P', 'Inconclusive'],
  ['PP', 'Passing'],
  ['FF', 'Inconclusive'],
  ['FFF', 'Failing'],
  ['PPFF', 'Passing'],
  ['PPFFPFF', 'Passing'],
  ['PPFFF', 'Failing'],
  ['FFFP', 'Failing'],
  ['FFFPP', 'Passing'],
  // What could not be asked is no failure, and no success either.
  ['PPII', 'Passing'],
  ['PPIII', 'Inconclusive'],
  ['PPIIIIIII', 'Inconclusive'],
  ['PPFFIIF', 'Failing'],
  ['FFFIIIF', 'Failing'],
  ['FFFIPIP', 'Passing']
])('after %j it is %s', (letters, outcome) => {
  expect(follow(letters).outcome).toBe(outcome)
})

test('a failure below the threshold leaves the message as it was', () => {
  expect(follow('PPF')).toMatchObject({ outcome: 'Passing', message: 'well', failures: 1 })
})

test('history holds changes only, newest first, up to its limit', () => {
  expect(follow('PPPPFFFFPP').history).toEqual([
    { atMs: 10, outcome: 'Passing', message: 'well' },
    { atMs: 7, outcome: 'Failing', message: 'down' },
    { atMs: 2, outcome: 'Passing', message: 'well' }
  ])
  expect(follow('PPPPFFFFPP', { ...thresholds, history: 1 }).history).toHaveLength(1)
})

describe('always', () => {
  const rows = fc.array(fc.constantFrom('P', 'F', 'I'), { maxLength: 60 }).map((letters) => letters.join(''))

  test('it fails only after enough failures with no success among them', () => {
    fc.assert(
      fc.property(rows, (letters) => {
        const { outcome } = follow(letters)
        const asked = letters.replaceAll('I', '')
        if (outcome === 'Failing') expect(asked).toMatch(/F{3}(?!.*PP)/)
        if (asked.endsWith('FFF') && letters.endsWith('F')) expect(outcome).toBe('Failing')
        if (!asked.includes('F')) expect(outcome).not.toBe('Failing')
      })
    )
  })

  test('«since» moves exactly when the outcome does', () => {
    fc.assert(
      fc.property(rows, (letters) => {
        let verdict = unjudged(0)
        for (const [index, letter] of letters.split('').entries()) {
          const next = advance(verdict, findings[letter as 'P' | 'F' | 'I'] as Finding, thresholds, index + 1)
          expect(next.sinceMs === index + 1).toBe(next.outcome !== verdict.outcome)
          verdict = next
        }
      })
    )
  })
})
