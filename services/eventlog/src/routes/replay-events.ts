import { randomUUID } from 'node:crypto'
import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import { REPLAY_LIMIT, type replayEvents } from '@gavel/contracts/api/replays.ts'
import { consumerGroup, services } from '@gavel/contracts/services.ts'
import type { TopicDefinition } from '@gavel/contracts/define.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Producer, ReadyMessage } from '@gavel/platform/kafka/producer.ts'
import { replayMarks } from '@gavel/platform/kafka/replay.ts'
import type { Pool } from 'pg'
import { headersOf } from '../domain/replay.ts'
import { inRequests } from '../requests.ts'
import { findEvents, readHead } from '../store/read-events.ts'

const PAGE = 200

const topicOf = new Map<string, TopicDefinition>(
  services.flatMap(({ name, consumes }) => consumes.map((topic) => [consumerGroup(name, topic), topic] as const))
)

/** Repeating a call sends the events again, with the same ids: what inboxes know they drop. */
export const createReplayEvents =
  ({ pool, producer }: { pool: Pool; producer: Producer }): Handler<typeof replayEvents> =>
  async ({ body, user, log }) => {
    const { group, from = 1, to: wanted = Number.MAX_SAFE_INTEGER, ...filter } = body
    const topic = topicOf.get(group)
    if (!topic) throw new Refusal('GROUP_NOT_FOUND')
    if (wanted < from) throw new Refusal('INVALID_INPUT', { member: 'to', detail: 'to must not be below from' })
    const replayId = randomUUID()
    const marks = replayMarks(group, replayId)
    const messageOf = (event: RecordedEvent): ReadyMessage => ({
      topic: producer.topicName(topic),
      key: event.key,
      value: JSON.stringify(event.data),
      headers: { ...headersOf(event), ...marks }
    })
    const to = Math.min(wanted, (await readHead(pool)).position)
    let sent = 0
    let last = from - 1
    while (last < to && sent < REPLAY_LIMIT) {
      const events = await findEvents(pool, { ...filter, topic: topic.name, from: last + 1, to, limit: PAGE })
      for (const request of inRequests(events.map(messageOf))) await producer.send(request)
      sent += events.length
      last = events.length < PAGE ? to : events.at(-1)!.position
    }
    log.info({ replayId, group, from, to: last, sent, userId: user.userId }, 'Events were replayed')
    return {
      status: 200,
      body: {
        replayId,
        group,
        topic: topic.name,
        sent,
        to: Math.max(0, last),
        ...(last < to && { nextFrom: last + 1 })
      }
    }
  }
