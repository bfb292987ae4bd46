import { randomBytes } from 'node:crypto'
import { listEvents } from '@gavel/contracts/api/eventlog.ts'
import {
  eraseMyAccount,
  logIn,
  readMyAccount,
  register,
  resetPassword,
  forgotPassword,
  verifyEmail
} from '@gavel/contracts/api/identity.ts'
import { readPaymentMethod, storePaymentMethod } from '@gavel/contracts/api/payment.ts'
import { contacts, topicConfig } from '@gavel/contracts/topics.ts'
import { openAdmin } from '@gavel/standalone/client/admin.ts'
import { createGateway, type Gateway, type Refused } from '@gavel/standalone/client/gateway.ts'
import { withDatabase } from '@gavel/standalone/plan.ts'
import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs'
import { MongoClient } from 'mongodb'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { sharedPlatform, type SharedPlatform } from '../support/platform.ts'

/** A person comes, proves an address, forgets a password, and goes for good: on the whole platform. */
let platform: SharedPlatform
let gateway: Gateway
let adminToken: string
beforeAll(async () => {
  platform = sharedPlatform()
  gateway = createGateway(platform.url)
  adminToken = await (await openAdmin(gateway, platform.admin)).token()
})
afterAll(() => gateway.close())

async function mailedToken(to: string, purpose: string): Promise<string> {
  return await eventually(
    async () => {
      const response = await fetch(`${platform.mailUrl}/inbox/api/mails?to=${encodeURIComponent(to)}`)
      const { items } = (await response.json()) as { items: { text: string }[] }
      return items.flatMap(({ text }) => new RegExp(`#${purpose}=([A-Za-z0-9_-]+)`).exec(text)?.[1] ?? [])[0]
    },
    { what: `a mail of ${purpose}` }
  )
}

/** Every row of the event log, and every place where another service keeps words, as text. */
async function everythingKept(): Promise<string> {
  const parts: string[] = []
  for (const [database, tables] of [
    ['eventlog', ['events']],
    ['identity', ['accounts', 'sessions', 'mail_queue', 'mailed_tokens', 'audited_acts', 'outbox']]
  ] as const) {
    const client = new pg.Client({ connectionString: withDatabase(platform.urls.postgres, database) })
    await client.connect()
    for (const table of tables) {
      const { rows } = await client.query<{ row: string }>(`select t::text as row from ${table} t`)
      parts.push(...rows.map(({ row }) => row))
    }
    await client.end()
  }
  const mongo = await MongoClient.connect(platform.urls.mongodb)
  for (const { collectionName } of await mongo.db('notification').collections()) {
    parts.push(JSON.stringify(await mongo.db('notification').collection(collectionName).find().toArray()))
  }
  await mongo.close()
  return parts.join('\n')
}

test('a person proves an address, sets a new password, and is then erased everywhere', async () => {
  const unique = randomBytes(8).toString('hex')
  const email = `leaving.${unique}@e2e.example`
  const displayName = `Leaving ${unique}`
  const password = randomBytes(18).toString('base64url')
  const { account, accessToken } = await gateway.call(register, {
    body: { email, displayName, password: randomBytes(18).toString('base64url') }
  })
  await gateway.call(verifyEmail, { body: { token: await mailedToken(email, 'verify-email') } })
  expect((await gateway.call(readMyAccount, {}, { token: accessToken })).emailVerified).toBe(true)
  await gateway.call(forgotPassword, { body: { email } })
  await gateway.call(resetPassword, { body: { token: await mailedToken(email, 'reset-password'), password } })
  const { accessToken: token } = await gateway.call(logIn, { body: { email, password } })

  const card = { cardNumber: '4242424242424242', expiryMonth: 12, expiryYear: 2099, code: '123' }
  await gateway.call(storePaymentMethod, { body: card }, { token })

  // Both mails and the welcome have been sent, so whatever is kept of the person is there.
  await eventually(async () => {
    const kept = await everythingKept()
    return kept.includes(displayName) && kept.includes(`registered`) && kept.includes(email)
  })
  const log = async () =>
    (await gateway.call(listEvents, { query: { key: account.userId, limit: 100 } }, { token: adminToken })).items
  await eventually(async () => (await log()).some(({ type }) => type.startsWith('gavel.UserRegistered')))

  await gateway.call(eraseMyAccount, { body: { password } }, { token })
  await eventually(async () => (await log()).some(({ type }) => type.startsWith('gavel.AccountErased')), {
    what: 'the erasure to be in the log'
  })
  await eventually(async () => !(await everythingKept()).includes(unique), { what: 'the person to be gone everywhere' })
  // And was at no time in the log that nothing can be taken out of.
  expect(JSON.stringify(await log())).not.toContain(unique)
  await eventually(
    async () =>
      (await gateway.call(readPaymentMethod, {}, { token }).catch((error: Refused) => error.code)) ===
      'PAYMENT_METHOD_MISSING',
    { what: 'the card to be forgotten' }
  )
  await expect(gateway.call(logIn, { body: { email, password } })).rejects.toThrow('CREDENTIALS_WRONG')

  // In Kafka the erasure is the newest word on the person, and the topic keeps no other within its bound.
  const kafka = new Kafka({ brokers: platform.urls.kafka.split(','), logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: contacts.name }]
  })
  await admin.disconnect()
  const settings = Object.fromEntries(
    resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue])
  )
  expect(settings).toMatchObject(topicConfig(contacts))
  expect(settings['cleanup.policy']).toBe('compact')
})
