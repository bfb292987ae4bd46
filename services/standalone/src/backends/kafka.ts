import { cpSync, existsSync, mkdirSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Child, startChild } from '../child.ts'
import { StartFailure } from '../failure.ts'
import { classPath, findProgram, once, type Progress, requireProgram, run } from '../install.ts'
import { freePort, isListening, waitUntilReady } from '../ports.ts'
import type { BackendOptions, Directories } from './backend.ts'

const version = '4.4.0'

// kafka-tools-api is named in Kafka's pom but was never published, and the broker runs without it.
const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dev.gavel</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${version}</version>
      <exclusions><exclusion><groupId>org.apache.kafka</groupId><artifactId>kafka-tools-api</artifactId></exclusion></exclusions>
    </dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.5</version></dependency>
  </dependencies>
</project>
`

const logging = `status=warn
rootLogger.level=warn
rootLogger.appenderRefs=stdout
rootLogger.appenderRef.stdout.ref=STDOUT
appender.stdout.type=Console
appender.stdout.name=STDOUT
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=[%d] %p %m (%c)%n
`

/** One node that is broker and controller. A fixed voter set leaves the data free to come back on other ports. */
function serverProperties(port: number, controllerPort: number, data: string): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=${data}
num.partitions=3
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=2097152
log.segment.bytes=67108864
log.retention.hours=168
`
}

export type KafkaInstallation = { java: string; jars: string[]; logging: string; archive: string; formatted: string }

async function findJava(): Promise<{ program: string; release: string }> {
  const cure = 'Install it: apt-get install openjdk-17-jre-headless'
  const program = requireProgram('java', 'by Kafka (version 17 or newer)', cure)
  const settings = await run('/bin/sh', ['-c', '"$0" -XshowSettings:properties -version 2>&1', program])
  const release = /java\.runtime\.version = (\S+)/.exec(settings)?.[1] ?? 'unknown'
  if (Number.parseInt(release, 10) < 17) throw new StartFailure(`Java is ${release}; Kafka needs 17 or newer. ${cure}`)
  return { program, release }
}

/** The jars of a Kafka 4 on the PATH, if there is one: its start script lies in bin/ beside libs/. */
function jarsOnPath(): string[] | undefined {
  const script = findProgram('kafka-server-start.sh') ?? findProgram('kafka-server-start')
  const libs = script && join(dirname(realpathSync(script)), '..', 'libs')
  if (!libs || !existsSync(libs)) return undefined
  const jars = readdirSync(libs).filter((name) => name.endsWith('.jar'))
  return jars.some((name) => name.startsWith('kafka_2.13-4.')) ? jars.map((name) => join(libs, name)) : undefined
}

async function fetchedJars(cache: string, progress: Progress): Promise<string[]> {
  const place = await once(cache, `kafka-${version}`, async (directory) => {
    progress(`fetching Kafka ${version} from Maven Central`)
    const maven = requireProgram(
      'mvn',
      'to fetch Kafka',
      'Install it: apt-get install maven, or set KAFKA_BROKERS to a Kafka of your own.'
    )
    writeFileSync(join(directory, 'pom.xml'), pom)
    const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
    await run(maven, ['-q', '-B', copy, '-DincludeScope=runtime', '-DoutputDirectory=libs'], { cwd: directory })
  })
  return readdirSync(join(place, 'libs')).map((name) => join(place, 'libs', name))
}

/** C1 and the serial collector: the broker starts in a third of the time, and a client on loopback sees no less throughput. */
function javaFlags(kafka: Pick<KafkaInstallation, 'jars' | 'logging'>): string[] {
  const quick = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.awt.headless=true']
  return [...quick, `-Dlog4j2.configurationFile=${kafka.logging}`, '-cp', classPath(kafka.jars)]
}

/**
 * Starts a broker once and keeps two things for every later start: the archive of loaded classes (start in 3 s instead
 * of 9 s on a busy machine) and an empty formatted data folder, which saves the second JVM that formatting takes.
 */
async function prepare(
  kafka: Pick<KafkaInstallation, 'java' | 'jars' | 'logging'>,
  directory: string,
  place: string
): Promise<void> {
  const [port, controllerPort] = [await freePort(), await freePort()]
  const data = join(directory, 'data')
  const properties = join(directory, 'server.properties')
  writeFileSync(properties, serverProperties(port, controllerPort, data))
  const flags = javaFlags(kafka)
  const format = ['format', '-t', 'R2F2ZWxPbk9uZU1hY2hpbg', '-c', properties]
  await run(kafka.java, ['-Xmx64m', ...flags, 'kafka.tools.StorageTool', ...format])
  cpSync(data, join(directory, 'formatted'), { recursive: true })
  const child = startChild({
    name: 'Kafka',
    command: kafka.java,
    args: [
      '-Xmx384m',
      `-XX:ArchiveClassesAtExit=${join(directory, 'classes.jsa')}`,
      ...flags,
      'kafka.Kafka',
      properties
    ],
    logFile: join(place, 'prepare.log')
  })
  try {
    await waitUntilReady(child, () => isListening(port), 120_000)
    await delay(1_000) // the classes of the last start-up threads belong into the archive too
  } finally {
    await child.stop(60_000)
  }
  rmSync(data, { recursive: true, force: true })
}

export async function installKafka({ cache, logs }: Directories, progress: Progress): Promise<KafkaInstallation> {
  const java = await findJava()
  const jars = (jarsOnPath() ?? (await fetchedJars(cache, progress))).toSorted()
  const loggingFile = join(cache, 'kafka-log4j2.properties')
  mkdirSync(cache, { recursive: true })
  if (!existsSync(loggingFile)) writeFileSync(loggingFile, logging)
  const parts = { java: java.program, jars, logging: loggingFile }
  const place = await once(cache, `kafka-prepared-java-${java.release.replace(/[^\w.]+/g, '-')}`, async (directory) => {
    progress('preparing Kafka for fast starts')
    await prepare(parts, directory, logs)
  })
  return { ...parts, archive: join(place, 'classes.jsa'), formatted: join(place, 'formatted') }
}

export async function startKafka(options: BackendOptions & { controllerPort: number }): Promise<Child> {
  const { directories, port, controllerPort, progress = () => undefined } = options
  const kafka = await installKafka(directories, progress)
  const data = join(directories.data, 'kafka')
  if (!existsSync(data)) {
    mkdirSync(directories.data, { recursive: true })
    cpSync(kafka.formatted, data, { recursive: true })
  }
  const properties = join(directories.data, 'kafka.properties')
  writeFileSync(properties, serverProperties(port, controllerPort, data))
  const archive = existsSync(kafka.archive) ? [`-XX:SharedArchiveFile=${kafka.archive}`] : []
  const child = startChild({
    name: 'Kafka',
    command: kafka.java,
    args: ['-Xms128m', '-Xmx512m', ...archive, ...javaFlags(kafka), 'kafka.Kafka', properties],
    logFile: join(directories.logs, 'kafka.log')
  })
  await waitUntilReady(child, () => isListening(port))
  return child
}
