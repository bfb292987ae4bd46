import pg from 'pg'
import { expect, test } from 'vitest'
import { freshPostgres, freshTopics } from '../support/database.ts'

test('a connection left open fails the release of its database by name', async () => {
  const database = await freshPostgres()
  const client = new pg.Client({ connectionString: database.url, application_name: 'forgetful' })
  client.on('error', () => undefined)
  await client.connect()
  await expect(database.release()).rejects.toThrow('forgetful')
})

test('a database whose connections are closed is released without a word, and is gone', async () => {
  const database = await freshPostgres()
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.end()
  await database.release()
  const late = new pg.Client({ connectionString: database.url })
  await expect(late.connect()).rejects.toThrow('does not exist')
})

test('topics under two prefixes do not meet', async () => {
  await using one = await freshTopics('one')
  await using other = await freshTopics('other')
  expect(one.topicPrefix).not.toBe(other.topicPrefix)
})
