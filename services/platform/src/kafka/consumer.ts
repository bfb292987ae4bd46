import type { TopicDefinition } from '@gavel/contracts/define.ts'
import type { Logger } from '../log.ts'
import type { ServiceContext } from '../service.ts'
import type { KafkaHandle } from './client.ts'
import { consumerMetrics } from './consumer-metrics.ts'
import { createDeadLetters } from './dead-letters.ts'
import type { IncomingEvent } from './events.ts'
import { PartitionWorker, type RetryOptions } from './partition-worker.ts'
import { superviseConsumer } from './supervisor.ts'

export type { IncomingEvent } from './events.ts'

export interface BatchContext {
  /** The group's name, for the inbox. */
  group: string
  log: Logger
  /** 1 the first time. */
  attempt: number
}

type EventsOf<Topic extends TopicDefinition> = Topic['events'][number]

export type BatchHandler<Topic extends TopicDefinition = TopicDefinition> = (
  events: IncomingEvent<EventsOf<Topic>>[],
  batch: BatchContext
) => Promise<void>

/** A handler for each event by name; an event without one is passed over. */
export type EventHandlers<Topic extends TopicDefinition> = {
  [Name in EventsOf<Topic>['name']]?: (
    events: IncomingEvent<Extract<EventsOf<Topic>, { name: Name }>>[],
    batch: BatchContext
  ) => Promise<void>
}

interface CommonOptions<Topic extends TopicDefinition> {
  topic: Topic
  /** `<service>.<topic>` where none is given. The prefix of the topics is put before it. */
  group?: string
  batchSize?: number
  /** Partitions worked on at the same time. */
  concurrency?: number
  retry?: Partial<RetryOptions>
  /**
   * What becomes of events that an admin sends again for this group. `handle` is for read models: the inbox knows what was handled, and whoever
   * has lost its state has it again; effects that leave the platform must look at `replayed`. Without it they are passed over.
   */
  replays?: 'handle' | 'pass-over'
  /** Where a new group begins. */
  from?: 'beginning' | 'end'
}

export type ConsumerOptions<Topic extends TopicDefinition> = CommonOptions<Topic> &
  (
    | { handleBatch: BatchHandler<NoInfer<Topic>>; handlers?: never }
    | { handlers: EventHandlers<NoInfer<Topic>>; handleBatch?: never }
  )

export interface RunningConsumer {
  readonly group: string
  /** Resolves when the group was joined for the first time. */
  readonly joined: Promise<void>
  /** Finishes the batch in hand, commits it and leaves the group. */
  stop(): Promise<void>
}

const defaultRetry: RetryOptions = { attempts: 8, initialDelayMs: 100, maxDelayMs: 10_000, untilReachable: true }

/**
 * Reads a topic in batches: events of one partition, in order, in one call. A Fault is tried again with growing pauses, in which the
 * partition rests and the others go on; a Bug, or a Fault after its last attempt, is narrowed down to the event that causes
 * it, which goes to `<group>.dlq`; a Refusal is an answer and counts as handled. Returns at once: the broker and the topic may
 * come later, and may go away at any time.
 */
export async function startConsumer<const Topic extends TopicDefinition>(
  context: ServiceContext,
  kafka: KafkaHandle,
  options: ConsumerOptions<Topic>
): Promise<RunningConsumer> {
  const group = kafka.groupName(options.topic, options.group)
  const log = context.log.child({ group })
  const metrics = consumerMetrics(context.metrics, group, kafka.topicName(options.topic))
  const deadLetters = createDeadLetters(kafka, group)
  const handle = handlerOf(options, (count) => metrics.events('ignored', count))
  const worker = new PartitionWorker({
    topic: kafka.topicName(options.topic),
    group,
    definitions: new Map(options.topic.events.map((definition) => [definition.type, definition])),
    batchSize: options.batchSize ?? 500,
    retry: { ...defaultRetry, ...options.retry },
    replays: { group: group.slice(kafka.prefix.length), handle: options.replays === 'handle' },
    handle: async (events, attempt) => await handle(events, { group, log, attempt }),
    bury: deadLetters.bury,
    metrics,
    log
  })
  const supervised = superviseConsumer(kafka, {
    group,
    readers: new Map([[kafka.topicName(options.topic), { worker, metrics }]]),
    concurrency: options.concurrency ?? 3,
    fromBeginning: options.from !== 'end',
    log
  })
  const stop = async (): Promise<void> => {
    await supervised.stop()
    await deadLetters.close()
  }
  context.closers.add(`consumer ${group}`, stop, 'consumers')
  return { group, joined: supervised.joined, stop }
}

type AnyHandler = (events: IncomingEvent[], batch: BatchContext) => Promise<void>

/** One function for both forms. With handlers by name, neighbours of one name are handled together, so that order is kept. */
function handlerOf<Topic extends TopicDefinition>(
  options: ConsumerOptions<Topic>,
  onIgnored: (count: number) => void
): AnyHandler {
  if (options.handleBatch) return options.handleBatch as unknown as AnyHandler
  const handlers = options.handlers as unknown as Record<string, AnyHandler | undefined>
  return async (events, batch) => {
    for (const neighbours of groupNeighbours(events)) {
      const handler = handlers[neighbours[0]!.name]
      if (handler) await handler(neighbours, batch)
      else onIgnored(neighbours.length)
    }
  }
}

function groupNeighbours(events: readonly IncomingEvent[]): IncomingEvent[][] {
  const groups: IncomingEvent[][] = []
  for (const event of events) {
    const last = groups.at(-1)
    if (last?.[0]?.name === event.name) last.push(event)
    else groups.push([event])
  }
  return groups
}
