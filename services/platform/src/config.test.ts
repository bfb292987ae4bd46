import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  authConfig,
  ConfigError,
  flag,
  integer,
  kafkaConfig,
  list,
  mongoConfig,
  oneOf,
  optional,
  port,
  postgresConfig,
  readAll,
  readConfig,
  secret,
  Secret,
  text,
  url
} from './config.ts'
import { withoutKnownSecrets } from './known-secrets.ts'

const problemsOf = (read: () => unknown): readonly string[] => {
  try {
    read()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('configuration', () => {
  it('is typed, with defaults for what is not given', () => {
    const env = {
      NAME: 'x',
      COUNT: '7',
      ON: 'true',
      HOSTS: 'a, b,,c',
      LINK: 'https://x.test/',
      COLOUR: 'red',
      EMPTY: ''
    }
    const read = readConfig(env, {
      NAME: text(),
      COUNT: integer({ min: 1 }),
      PORT: port({ default: 8080 }),
      ON: flag(),
      OFF: flag({ default: false }),
      HOSTS: list(),
      LINK: url(),
      COLOUR: oneOf(['red', 'green']),
      EMPTY: optional(text())
    })
    expect(read).toEqual({
      NAME: 'x',
      COUNT: 7,
      PORT: 8080,
      ON: true,
      OFF: false,
      HOSTS: ['a', 'b', 'c'],
      LINK: 'https://x.test/',
      COLOUR: 'red',
      EMPTY: undefined
    })
  })

  it('names everything that is missing or wrong at once', () => {
    const fields = {
      A: text(),
      B: integer({ min: 10 }),
      C: integer(),
      D: url({ protocols: ['http'] }),
      E: oneOf(['x']),
      F: flag(),
      G: port()
    }
    expect(
      problemsOf(() => readConfig({ B: '3', C: '1.5', D: 'ftp://x', E: 'y', F: 'perhaps', G: '70000' }, fields))
    ).toEqual([
      'A is missing',
      'B must be at least 10',
      'C must be a whole number',
      'D must be a URL that starts with http://',
      'E must be one of x',
      'F must be true or false',
      'G must be at most 65535'
    ])
  })

  it('names what is wrong in every group at once', () => {
    const env = { JWKS_URL: 'nowhere' }
    const problems = problemsOf(() =>
      readAll({ auth: () => authConfig(env), kafka: () => kafkaConfig(env), postgres: () => postgresConfig(env) })
    )
    expect(problems).toEqual(['JWKS_URL must be a URL', 'KAFKA_BROKERS is missing', 'POSTGRES_URL is missing'])
  })
})

describe('a secret', () => {
  const value = 'hunter2'

  it('is shown by nothing but reveal', () => {
    const made = new Secret(value)
    const shown = [
      String(made),
      `${made as unknown as string}`,
      JSON.stringify({ made }),
      inspect({ made }, { depth: 9, showHidden: true })
    ]
    expect(shown.join()).not.toContain(value)
    expect(made.reveal()).toBe(value)
  })

  it('is not repeated by the problem that it has', () => {
    expect(problemsOf(() => postgresConfig({ POSTGRES_URL: `mysql://u:${value}@x/y` })).join()).not.toContain(value)
  })

  it('may be a URL with several hosts, as MongoDB has them', () => {
    const several = `mongodb://gavel:${value}@db-0.db:27017,db-1.db:27017/?replicaSet=rs0`
    expect(mongoConfig({ MONGODB_URL: several, MONGODB_DATABASE: 'x' }).url.reveal()).toBe(several)
    expect(problemsOf(() => mongoConfig({ MONGODB_URL: 'a,b', MONGODB_DATABASE: 'x' }))).toEqual([
      'MONGODB_URL must be a URL'
    ])
    // Its password is known, whatever sentence it stands in.
    mongoConfig({ MONGODB_URL: several.replace(value, 'hunter-number-2'), MONGODB_DATABASE: 'x' })
    expect(withoutKnownSecrets('It said hunter-number-2')).toBe('It said [secret]')
  })

  it('is read from the file that NAME_FILE names', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'))
    try {
      writeFileSync(join(folder, 'key'), `${value}\n`)
      expect(readConfig({ KEY_FILE: join(folder, 'key') }, { KEY: secret() }).KEY.reveal()).toBe(value)
      expect(problemsOf(() => readConfig({ KEY_FILE: join(folder, 'none') }, { KEY: secret() }))).toEqual([
        'KEY cannot be read from the file that KEY_FILE names (ENOENT)'
      ])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
