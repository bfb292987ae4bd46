#!/usr/bin/node
// mongodump and mongorestore of the test image, in the one form in which docs/operate.md uses them: every database to standard
// output, and back from standard input. Each document keeps its types, each collection its options and its indexes. The archive is
// its own: lines of Extended JSON, compressed.
import { once } from 'node:events'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { createGunzip, createGzip } from 'node:zlib'
import { BSON, MongoClient } from 'mongodb'

const { EJSON } = BSON
const ofTheServer = new Set(['admin', 'config', 'local'])
const batch = 1000

async function dump(client) {
  const archive = createGzip()
  archive.pipe(process.stdout)
  const put = async (line) => {
    if (!archive.write(`${EJSON.stringify(line, { relaxed: false })}\n`)) await once(archive, 'drain')
  }
  const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true })
  for (const { name: database } of databases.filter(({ name }) => !ofTheServer.has(name))) {
    const db = client.db(database)
    for await (const { name, type, options } of db.listCollections()) {
      if (type !== 'collection' || name.startsWith('system.')) continue
      const collection = db.collection(name)
      const indexes = (await collection.indexes()).filter((index) => index.name !== '_id_')
      await put({ database, name, options, indexes })
      for await (const document of collection.find({}, { promoteValues: false })) await put({ document })
    }
  }
  archive.end()
  await once(archive, 'end')
}

async function restore(client) {
  let collection
  let documents = []
  const flush = async () => {
    if (documents.length > 0) await collection.insertMany(documents)
    documents = []
  }
  for await (const line of createInterface({ input: process.stdin.pipe(createGunzip()) })) {
    const { document, database, name, options, indexes } = EJSON.parse(line, { relaxed: false })
    if (document) {
      documents.push(document)
      if (documents.length === batch) await flush()
      continue
    }
    await flush()
    const db = client.db(database)
    await db.dropCollection(name).catch(() => false)
    collection = await db.createCollection(name, options)
    if (indexes.length > 0) await db.command({ createIndexes: name, indexes })
  }
  await flush()
}

const known = { quiet: { type: 'boolean' }, archive: { type: 'boolean' }, gzip: { type: 'boolean' } }
const restores = basename(process.argv[1]) === 'mongorestore'
const { values } = parseArgs({ options: restores ? { ...known, drop: { type: 'boolean' } } : known })
if (!values.archive || !values.gzip || (restores && !values.drop))
  throw new Error('Only the whole, compressed archive is known here')
const client = new MongoClient('mongodb://127.0.0.1:27017/?directConnection=true')
try {
  await (restores ? restore(client) : dump(client))
} finally {
  await client.close()
}
