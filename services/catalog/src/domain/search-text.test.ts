import { array, assert, integer, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { alternativesTo, slipsBetween, textQuery, wordsOf, WORDS_MAX } from './search-text.ts'

test.each([
  ['Omega  Speedmaster', ['omega', 'speedmaster']],
  [`o'neill & (sons) | !x:*`, ['o', 'neill', 'sons', 'x']],
  ['Ｗａｔｃｈ watch', ['watch']],
  ['Größe 42', ['größe', '42']],
  ['', []],
  ['!!! ???', []]
])('%j is the words %j', (typed, words) => {
  expect(wordsOf(typed)).toEqual(words)
})

test('words are few, and nothing in them means anything to the query language', () => {
  assert(
    property(array(integer({ min: 0, max: 0x10ffff }), { maxLength: 60 }), (codePoints) => {
      const words = wordsOf(String.fromCodePoint(...codePoints))
      expect(words.length).toBeLessThanOrEqual(WORDS_MAX)
      expect(words.filter((word) => !/^[\p{L}\p{N}]+$/u.test(word))).toEqual([])
    })
  )
})

test.each([
  ['omega', 'omega', 0],
  ['omgea', 'omega', 1],
  ['omeg', 'omega', 1],
  ['omegga', 'omega', 1],
  ['omexa', 'omega', 1],
  ['speedmastr', 'speedmaster', 1],
  ['kitten', 'sitting', 3],
  ['', 'abc', 3],
  ['ca', 'abc', 3]
])('from %j to %j it is %i slips', (left, right, slips) => {
  expect(slipsBetween(left, right)).toBe(slips)
  expect(slipsBetween(right, left)).toBe(slips)
})

describe('a word that occurs nowhere', () => {
  const alike = ['omega', 'omegas', 'mega', 'gamer']
  test.each([
    ['is taken for the nearest', { word: 'omgea', known: false, alike }, ['omega']],
    ['is left alone where it is too short to guess', { word: 'omg', known: false, alike }, []],
    ['is left alone where nothing is near', { word: 'zzzzzz', known: false, alike }, []],
    ['and one that occurs is never another', { word: 'omega', known: true, alike }, []]
  ])('%s', (_, word, alternatives) => {
    expect(alternativesTo(word)).toEqual(alternatives)
  })
})

test('the query asks for every word, or one it may stand for, and lets the last be a beginning', () => {
  expect(
    textQuery([
      { word: 'omgea', known: false, alike: ['omega', 'zebra'] },
      { word: 'speed', known: true, alike: [] }
    ])
  ).toEqual({ query: `('omgea' | 'omega') & 'speed':*`, corrected: 'omega speed' })
  expect(textQuery([{ word: 'xl', known: true, alike: [] }])).toEqual({ query: `'xl'`, corrected: undefined })
  expect(textQuery([])).toBeUndefined()
})
