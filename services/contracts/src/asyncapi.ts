import type { EventDefinition, TopicDefinition } from './define.ts'
import { plainSchema, type JsonSchema } from './json-schema.ts'
import { consumerGroup, senders, services } from './services.ts'
import { topics } from './topics.ts'

/** AsyncAPI 3.0 as a pure function of topics, events and who reads them. */

const camel = (name: string): string => name.replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase())
const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)
const messageName = (event: EventDefinition): string => `${event.name}.v${event.version}`

/** CloudEvents 1.0, Kafka binding, binary mode. */
const headers: JsonSchema = {
  type: 'object',
  required: ['ce_specversion', 'ce_id', 'ce_type', 'ce_source', 'ce_time', 'content-type'],
  properties: {
    ce_specversion: { type: 'string', const: '1.0' },
    ce_id: {
      type: 'string',
      description: 'The same for every delivery of one event: a reader that has seen it drops it.'
    },
    ce_type: { type: 'string', description: 'The name and version of the event.' },
    ce_source: { type: 'string', description: 'The service that says so.' },
    ce_subject: { type: 'string', description: 'What it is about.' },
    ce_time: { type: 'string', format: 'date-time', description: 'When it happened.' },
    'content-type': { type: 'string', const: 'application/json' },
    traceparent: { type: 'string', description: 'W3C trace context of what caused the event.' }
  }
}

const message = (event: EventDefinition): JsonSchema => ({
  name: event.type,
  title: event.name,
  summary: event.doc,
  contentType: 'application/json',
  headers: { $ref: '#/components/schemas/CloudEventHeaders' },
  payload: plainSchema(event.data)
})

const channel = (topic: TopicDefinition): JsonSchema => ({
  address: topic.name,
  title: topic.name,
  description: `Key: ${topic.key}, so that ${topic.keyReason}. Owner: ${topic.owner}.`,
  messages: Object.fromEntries(
    topic.events.map((event) => [messageName(event), { $ref: `#/components/messages/${messageName(event)}` }])
  ),
  bindings: {
    kafka: {
      topic: topic.name,
      partitions: topic.partitions,
      topicConfiguration: {
        'retention.ms': topic.retentionMs,
        ...(topic.compactedWithinMs === undefined
          ? {}
          : { 'cleanup.policy': ['compact'], 'max.compaction.lag.ms': topic.compactedWithinMs })
      },
      bindingVersion: '0.5.0'
    }
  }
})

function operations(topic: TopicDefinition): JsonSchema {
  const reference = { $ref: `#/channels/${camel(topic.name)}` }
  const sends = senders(topic).map((name): [string, JsonSchema] => [
    `${name}Sends${capital(camel(topic.name))}`,
    {
      action: 'send',
      channel: reference,
      summary: `${name} publishes ${topic.events.map((event) => event.name).join(', ')}.`
    }
  ])
  const receives = services
    .filter(({ consumes }) => consumes.includes(topic))
    .map(({ name }): [string, JsonSchema] => [
      `${name}Receives${capital(camel(topic.name))}`,
      {
        action: 'receive',
        channel: reference,
        summary: `${name} reads ${topic.name}.`,
        bindings: { kafka: { groupId: { type: 'string', const: consumerGroup(name, topic) }, bindingVersion: '0.5.0' } }
      }
    ])
  return Object.fromEntries([...sends, ...receives])
}

export function asyncApiDocument(version = '1.0.0'): JsonSchema {
  const events = topics.flatMap((topic) => topic.events)
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Gavel events',
      version,
      description: 'Every domain event on Kafka: CloudEvents in binary mode, the data as JSON in the value.',
      license: { name: 'Apache-2.0' }
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(topics.map((topic) => [camel(topic.name), channel(topic)])),
    operations: Object.assign({}, ...topics.map(operations)) as JsonSchema,
    components: {
      messages: Object.fromEntries(events.map((event) => [messageName(event), message(event)])),
      schemas: { CloudEventHeaders: headers }
    }
  }
}
