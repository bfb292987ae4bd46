import { join } from 'node:path'
import { consumerGroup, services } from '@gavel/contracts/services.ts'
import { allTopics, deadLetterPartitions, deadLetterRetentionMs, deadLetterTopic } from '@gavel/contracts/topics.ts'
import { createKafka, ensureTopics, type WantedTopic } from '@gavel/platform/kafka/client.ts'
import { createLog } from '@gavel/platform/log.ts'
import { createContext } from '@gavel/platform/service.ts'
import pg from 'pg'
import { repository } from './config.ts'
import { type Progress, run } from './install.ts'
import { withDatabase } from './plan.ts'

/** One database for each service that keeps its data in PostgreSQL. The services migrate their own. */
export async function ensureDatabases(postgresUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: withDatabase(postgresUrl, 'postgres') })
  await client.connect()
  try {
    const { rows } = await client.query<{ datname: string }>('select datname from pg_database')
    const existing = new Set(rows.map(({ datname }) => datname))
    for (const { name, stores } of services) {
      if (stores.includes('postgres') && !existing.has(name))
        await client.query(`create database ${client.escapeIdentifier(name)}`)
    }
  } finally {
    await client.end()
  }
}

const deadLetters = (): WantedTopic[] =>
  services.flatMap(({ name, consumes }) =>
    consumes.map((topic) => ({
      name: deadLetterTopic(consumerGroup(name, topic)),
      partitions: deadLetterPartitions,
      retentionMs: deadLetterRetentionMs
    }))
  )

/** Every topic of the contracts, and a dead letter topic for each consumer group. */
export async function ensureAllTopics(brokers: string): Promise<void> {
  const context = createContext({ name: 'standalone', log: createLog({ service: 'standalone', level: 'silent' }) })
  await ensureTopics(createKafka({ brokers: brokers.split(',') }, context), [...allTopics, ...deadLetters()])
}

/** The pages are built from their sources where they are not there or not up to date; a process of its own, so that no tool stays loaded. */
export async function ensurePages(progress: Progress): Promise<void> {
  const output = await run(process.execPath, [join(repository, 'services/web/src/build/main.ts')])
  for (const line of output.trim().split('\n')) if (line.startsWith('the pages are built')) progress(line)
}
