import { Kafka, logLevel } from 'kafkajs'
import { MongoClient } from 'mongodb'
import pg from 'pg'
import { expect, test } from 'vitest'
import { backends } from '../support/backends.ts'

test('MongoDB is a replica set, so a majority write with its journal is durable', async () => {
  const client = new MongoClient(backends().mongodb)
  try {
    const hello = await client.db('admin').command({ hello: 1 })
    expect(hello).toMatchObject({ setName: 'rs0', isWritablePrimary: true })
  } finally {
    await client.close()
  }
})

test('PostgreSQL has room for the connections of every service', async () => {
  const client = new pg.Client({ connectionString: `${backends().postgres}/postgres` })
  await client.connect()
  try {
    const { rows } = await client.query('show max_connections')
    expect(Number(rows[0].max_connections)).toBeGreaterThanOrEqual(300)
  } finally {
    await client.end()
  }
})

test('Kafka makes no topic by itself: a misspelt name is a failure, not a new topic', async () => {
  const admin = new Kafka({ brokers: [backends().kafka], logLevel: logLevel.NOTHING, retry: { retries: 0 } }).admin()
  await admin.connect()
  try {
    await expect(admin.fetchTopicMetadata({ topics: ['misspelt'] })).rejects.toThrow('does not host this topic')
  } finally {
    await admin.disconnect()
  }
})
