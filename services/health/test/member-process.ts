import { Kafka, logLevel } from 'kafkajs'

/** A member of a consumer group that a test can kill: group, topic and brokers are its arguments. */
const [groupId, topic, brokers] = process.argv.slice(2)
const consumer = new Kafka({ brokers: brokers!.split(','), logLevel: logLevel.NOTHING, clientId: 'order' }).consumer({
  groupId: groupId!,
  // The shortest that a broker takes.
  sessionTimeout: 6_000,
  heartbeatInterval: 500
})
await consumer.connect()
await consumer.subscribe({ topics: [topic!], fromBeginning: true })
await consumer.run({ eachMessage: async () => undefined })
