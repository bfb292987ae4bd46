import type { ReadyMessage } from '@gavel/platform/kafka/producer.ts'

/** The broker takes a megabyte for one partition at once, if it is not told otherwise. */
const REQUEST_BYTES = 512 * 1024

/** In their order, in requests that the broker takes. A record that is longer by itself goes alone: the broker took it once. */
export function inRequests(messages: readonly ReadyMessage[]): ReadyMessage[][] {
  const requests: ReadyMessage[][] = []
  let bytes = Infinity
  for (const message of messages) {
    const length = (message.key?.length ?? 0) + (message.value?.length ?? 0) + JSON.stringify(message.headers).length
    if (bytes + length > REQUEST_BYTES) {
      requests.push([])
      bytes = 0
    }
    requests.at(-1)!.push(message)
    bytes += length
  }
  return requests
}
