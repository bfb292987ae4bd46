// Waits for the development backends and makes them usable: MongoDB a replica set of one, PostgreSQL a database for each
// service. Run before the operator; run again, it changes nothing.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const require = createRequire('/app/package.json')
const { MongoClient } = require('mongodb')
const { Client } = require('pg')
const { MONGODB_MEMBER: member, POSTGRES_URL: postgres } = process.env
const databases = readFileSync('/scripts/databases', 'utf8').split('\n').filter(Boolean)

async function prepareMongodb() {
  const client = new MongoClient(`mongodb://${member}/?directConnection=true`, { serverSelectionTimeoutMS: 5_000 })
  try {
    const admin = client.db('admin')
    const { setName } = await admin.command({ hello: 1 })
    if (!setName) {
      const members = [{ _id: 0, host: member }]
      await admin.command({ replSetInitiate: { _id: 'rs0', members } }).catch(async (error) => {
        if (error.codeName !== 'AlreadyInitialized') throw error
        // It has data of a set in which it does not find itself: under another name, or its name was not known yet.
        const { config } = await admin.command({ replSetGetConfig: 1 })
        const next = { ...config, version: config.version + 1, members }
        await admin.command({ replSetReconfig: next, force: true })
      })
    }
    const { isWritablePrimary } = await admin.command({ hello: 1 })
    if (!isWritablePrimary) throw new Error('it is not primary yet')
  } finally {
    await client.close()
  }
}

async function prepareDatabases() {
  const client = new Client({ connectionString: `${postgres}/postgres`, connectionTimeoutMillis: 5_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query('select datname from pg_database')
    const known = new Set(rows.map(({ datname }) => datname))
    for (const name of databases) {
      if (!known.has(name)) await client.query(`create database ${client.escapeIdentifier(name)}`)
    }
  } finally {
    await client.end()
  }
}

async function until(name, work) {
  for (;;) {
    try {
      await work()
      console.log(`${name} is prepared`)
      return
    } catch (error) {
      console.log(`${name} is not ready yet: ${error.message}`)
      await delay(1_000)
    }
  }
}

await Promise.all([until('MongoDB', prepareMongodb), until('PostgreSQL', prepareDatabases)])
process.exit()
