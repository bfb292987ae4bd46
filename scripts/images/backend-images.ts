import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Directories } from '@gavel/standalone/backends/backend.ts'
import { installEnvoy } from '@gavel/standalone/backends/envoy.ts'
import { installKafka } from '@gavel/standalone/backends/kafka.ts'
import { installMongod } from '@gavel/standalone/backends/mongodb.ts'
import { installPostgres } from '@gavel/standalone/backends/postgres.ts'
import { installRedis } from '@gavel/standalone/backends/redis.ts'
import { repository } from '@gavel/standalone/config.ts'
import { debianPackage, findProgram, type Progress, requireProgram } from '@gavel/standalone/install.ts'
import { closureOf } from './closure.ts'
import {
  entriesOf,
  librariesOf,
  link,
  put,
  putNames,
  putPackage,
  putPrograms,
  recipeOf,
  write,
  writeProgram
} from './files.ts'
import type { ImageStore } from './store.ts'

/**
 * Images of the backends, made from what standalone mode installs, for a test cluster without a way to a registry. Each has the paths and
 * the user of the official image that it stands in for, so that one StatefulSet runs both. They are not for anybody else: mongod is under
 * the SSPL and is never passed on.
 */
export interface BackendImages {
  kafka: string
  mongodb: string
  postgres: string
  redis: string
  envoy: string
}

const recipe = recipeOf(import.meta.filename)

/** As the official images have them. */
const users = { kafka: 1000, mongodb: 999, postgres: 999, redis: 999, envoy: 101 } as const

export async function backendImages(options: {
  store: ImageStore
  directories: Directories
  prefix: string
  tag: string
  progress: Progress
}): Promise<BackendImages> {
  const { store, directories, prefix, tag, progress } = options
  const busybox = await findBusybox(progress)
  const make = async (name: keyof BackendImages, key: string, fill: (root: string) => Promise<void>, path = '') => {
    const layer = await store.layer(async (root) => {
      await putNames(root, { [name]: users[name] })
      await fill(root)
    }, `${name} ${key} ${recipe}`)
    const reference = `${prefix}${name}:${tag}`
    const environment = {
      PATH: ['/usr/local/bin', path, '/usr/bin', '/bin'].filter(Boolean).join(':'),
      LANG: 'C.UTF-8'
    }
    store.image({
      name: reference,
      layers: [layer],
      environment,
      user: String(users[name]),
      labels: { 'dev.gavel.use': 'test cluster only' }
    })
    return reference
  }
  const kafka = await installKafka(directories, progress)
  const mongod = await installMongod(directories, progress)
  const postgres = await installPostgres(directories, progress)
  const redis = await installRedis(directories, progress)
  const envoy = await installEnvoy(directories, progress)
  const java = dirname(dirname(realpathSync(kafka.java)))
  return {
    kafka: await make('kafka', kafka.jars.join(' ') + java, async (root) => {
      putShell(root, busybox)
      await putJava(root, java)
      for (const jar of kafka.jars) put(root, jar, join('opt/kafka/libs', basename(jar)))
      put(root, kafka.logging, 'opt/kafka/config/log4j2.properties')
      for (const [script, main] of Object.entries(kafkaPrograms)) {
        writeProgram(
          root,
          `opt/kafka/bin/${script}.sh`,
          kafkaScript(
            main,
            kafka.jars.map((jar) => `/opt/kafka/libs/${basename(jar)}`)
          )
        )
      }
    }),
    mongodb: await make('mongodb', `${mongod} ${mongoTools}`, async (root) => {
      await putPrograms(root, { 'usr/bin/mongod': mongod, 'usr/bin/node': nodeOfOurs })
      putMongoTools(root)
    }),
    postgres: await make('postgres', postgres, (root) => putPostgres(root, postgres, busybox), postgresPlace(postgres)),
    redis: await make('redis', redis, (root) => putPrograms(root, { 'usr/bin/redis-server': redis })),
    envoy: await make('envoy', envoy, async (root) => {
      putShell(root, busybox)
      await putPrograms(root, {
        'usr/local/bin/envoy': envoy,
        'bin/bash': requireProgram('bash', 'in Envoy’s image', 'Install it: apt-get install bash')
      })
    })
  }
}

export async function findBusybox(progress: Progress): Promise<string> {
  const known = (): string | undefined => findProgram('busybox', ['/bin', '/usr/bin'])
  const found = known() ?? ((await debianPackage('busybox-static', progress)) ? known() : undefined)
  return (
    found ?? requireProgram('busybox', 'as the shell of the test images', 'Install it: apt-get install busybox-static')
  )
}

const nodeOfOurs = join(repository, 'node_modules', 'node', 'bin', 'node')
const mongoTools = readFileSync(join(import.meta.dirname, 'mongo-tools.mjs'), 'utf8')

/** The official image has them of MongoDB's own making, and no registry of packages does. */
function putMongoTools(root: string): void {
  const home = 'opt/mongo-tools'
  for (const path of closureOf(repository, 'node_modules/mongodb').packages)
    putPackage(root, join(repository, path), join(home, path))
  write(root, join(home, 'package.json'), '{ "type": "module" }\n')
  for (const name of ['mongodump', 'mongorestore']) {
    writeProgram(root, join(home, name), mongoTools)
    link(root, `../../${home}/${name}`, `usr/bin/${name}`)
  }
}

function putShell(root: string, busybox: string): void {
  put(root, busybox, 'bin/busybox')
  for (const name of ['sh', 'cat', 'mkdir', 'sleep', 'cp', 'rm', 'ls', 'env', 'test'])
    link(root, 'busybox', `bin/${name}`)
}

const kafkaPrograms = { 'kafka-storage': 'kafka.tools.StorageTool', 'kafka-server-start': 'kafka.Kafka' }

const kafkaScript = (main: string, jars: readonly string[]): string => `#!/bin/sh
exec /opt/java/bin/java \${KAFKA_HEAP_OPTS:--Xmx384m} -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.awt.headless=true \\
  -Dlog4j2.configurationFile=/opt/kafka/config/log4j2.properties -cp ${jars.join(':')} ${main} "$@"
`

async function putJava(root: string, home: string): Promise<void> {
  const unwanted = new Set(['docs', 'jmods', 'include', 'man', 'legal'].map((name) => join(home, name)))
  mkdirSync(join(root, 'opt/java'), { recursive: true })
  for (const name of entriesOf(home)) {
    if (unwanted.has(join(home, name))) continue
    cpSync(join(home, name), join(root, 'opt/java', name), {
      recursive: true,
      dereference: true,
      filter: (path) => existsSync(path) && !path.endsWith('/src.zip')
    })
  }
  const libraries = await Promise.all(
    [join(home, 'bin/java'), join(home, 'lib/server/libjvm.so'), join(home, 'lib/libnio.so')].map(librariesOf)
  )
  for (const library of new Set(libraries.flat())) if (!library.startsWith(home)) put(root, library, library)
}

/** Where PostgreSQL's programs are in the image: where its own build expects them. */
const postgresPlace = (binaries: string): string =>
  binaries.startsWith('/usr/lib/postgresql/') ? binaries : '/opt/postgresql/bin'

async function putPostgres(root: string, binaries: string, busybox: string): Promise<void> {
  putShell(root, busybox)
  const place = dirname(postgresPlace(binaries))
  const home = dirname(binaries)
  const share = home.replace('/usr/lib/', '/usr/share/')
  for (const [from, to] of [
    [home, place],
    [share, share],
    ['/usr/share/zoneinfo', '/usr/share/zoneinfo'],
    ['/usr/lib/locale/C.utf8', '/usr/lib/locale/C.utf8']
  ] as const) {
    const wanted = (path: string): boolean => !/\/bitcode$|llvmjit/.test(path)
    if (existsSync(from) && (from !== share || share !== home))
      cpSync(from, join(root, to), { recursive: true, dereference: true, filter: wanted })
  }
  for (const name of ['postgres', 'initdb', 'pg_isready', 'psql', 'pg_dump', 'pg_restore']) {
    const program = join(binaries, name)
    if (!existsSync(program)) continue
    for (const library of await librariesOf(program)) if (!library.startsWith(home)) put(root, library, library)
  }
}
