import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Secret } from './config.ts'
import { createLog, createLogLimit } from './log.ts'

function logging(): { log: ReturnType<typeof createLog>; text: () => string } {
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    }
  })
  return { log: createLog({ service: 'x', level: 'trace', destination }), text: () => lines.join('') }
}

describe('no secret is logged', () => {
  const secret = 'hunter2hunter2'
  const jwt = `eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1In0.${secret}`
  const carriers: [string, unknown[]][] = [
    ['an authorization header', [{ headers: { authorization: `Bearer ${secret}` } }]],
    [
      'headers of a request inside something',
      [{ about: { request: { headers: { cookie: secret, authorization: secret } } } }]
    ],
    ['a cookie that is set', [{ headers: { 'set-cookie': [`a=${secret}`] } }]],
    ['a token in a sub-protocol', [{ headers: { 'sec-websocket-protocol': `gavel.v1, bearer.${secret}` } }]],
    ['a password', [{ password: secret }]],
    ['a body', [{ body: { password: secret, token: secret, refreshToken: secret, cardNumber: secret, code: secret } }]],
    ['a card', [{ card: { code: secret, cardNumber: secret } }]],
    ['a bearer token in a sentence', [`the header was Bearer ${secret}`]],
    ['a JWT in a sentence', [`got ${jwt}`]],
    ['a JWT in an error', [{ error: new Error(`bad token ${jwt}`) }]],
    ['a database URL in an error', [{ error: new Error(`cannot connect to postgres://gavel:${secret}@db:5432/x`) }]],
    ['the cause of an error', [{ error: new Error('x', { cause: new Error(`mongodb://u:${secret}@h/`) }) }]],
    [
      'what a driver hangs on its error',
      [{ error: Object.assign(new Error('x'), { parameters: [secret], detail: secret, config: { password: secret } }) }]
    ],
    ['a Secret', [{ url: new Secret(secret) }]],
    ['an error given alone', [new Error(`Bearer ${secret}`)]]
  ]
  it.each(carriers)('%s', (_name, parts) => {
    const { log, text } = logging()
    log.info(parts[0] as object, parts[1] as string)
    log
      .child(typeof parts[0] === 'object' && !(parts[0] instanceof Error) ? (parts[0] as object) : {})
      .error(parts[0] as object)
    expect(text()).not.toContain(secret)
    expect(text().length).toBeGreaterThan(50)
  })

  it('an error keeps its type, message, code, stack and cause', () => {
    const { log, text } = logging()
    log.error(
      { error: Object.assign(new TypeError('broke', { cause: new Error('why') }), { code: 'E1' }) },
      'It happened'
    )
    const line = JSON.parse(text()) as { error: { stack: string } }
    expect(line).toMatchObject({
      level: 'error',
      service: 'x',
      message: 'It happened',
      error: { type: 'TypeError', message: 'broke', code: 'E1', cause: { message: 'why' } }
    })
    expect(line.error.stack).toContain('log.test.ts')
  })
})

it('a limit lets so many lines through in a second and says how many it left out', () => {
  let now = 0
  const limit = createLogLimit(2, () => now)
  expect([limit(), limit(), limit(), limit()]).toEqual([0, 0, undefined, undefined])
  now = 1000
  expect([limit(), limit(), limit()]).toEqual([2, 0, undefined])
})
