import { cpus, release, totalmem, type } from 'node:os'
import { MongoClient } from 'mongodb'
import type { Stage } from './stage.ts'

export type Machine = { processor: string; cores: number; memoryGiB: number; system: string; versions: string[] }

/** What the figures were measured on, for whoever compares them later. */
export async function describeMachine({ mongodbUrl }: Stage): Promise<Machine> {
  const client = await new MongoClient(mongodbUrl).connect()
  const { version } = (await client.db('admin').command({ buildInfo: 1 })) as unknown as { version: string }
  await client.close()
  return {
    ...processorOf(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    versions: [`Node ${process.versions.node}`, `MongoDB ${version} (one-node replica set, w: majority)`]
  }
}

export function processorOf(): Pick<Machine, 'processor' | 'cores'> {
  const processors = cpus()
  return { processor: processors[0]?.model.trim() ?? 'unknown', cores: processors.length }
}
