import { Kafka, logLevel } from 'kafkajs'

/** A consumer in a process of its own, to be killed. Arguments: brokers, group, topic, client id. Says `joined` once it is in the group. */
const [brokers = '', groupId = '', topic = '', clientId = ''] = process.argv.slice(2)
const kafka = new Kafka({ brokers: brokers.split(','), clientId, logLevel: logLevel.NOTHING })
// The shortest patience that a broker allows by default.
const consumer = kafka.consumer({ groupId, sessionTimeout: 6_000, heartbeatInterval: 1_000, rebalanceTimeout: 10_000 })
consumer.on(consumer.events.GROUP_JOIN, () => process.stdout.write('joined\n'))
await consumer.connect()
await consumer.subscribe({ topics: [topic], fromBeginning: true })
await consumer.run({ eachMessage: async () => {} })
