/** A client of Server-Sent Events, as browsers are: it keeps the last id, and comes again with it. */
export interface Subscription {
  /** Data of the events, parsed, in order of arrival; the array grows. */
  readonly events: { position: number; eventId: string }[]
  readonly lastEventId: () => string | undefined
  readonly heartbeats: () => number
  /** Settles when the stream has ended, from whichever side. */
  readonly ended: Promise<void>
  close(): void
}

export async function subscribe(url: string, headers: Record<string, string>): Promise<Subscription> {
  const closing = new AbortController()
  const response = await fetch(url, { headers, signal: closing.signal })
  if (!response.ok || !response.body) throw new Error(`${response.status}: ${await response.text()}`)
  const events: Subscription['events'] = []
  let lastEventId: string | undefined
  let heartbeats = 0
  const take = (block: string): void => {
    for (const line of block.split('\n')) {
      if (line.startsWith('id: ')) lastEventId = line.slice(4)
      if (line.startsWith('data: ')) events.push(JSON.parse(line.slice(6)) as never)
      if (line.startsWith(':')) heartbeats += 1
    }
  }
  const read = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of body) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
      rest = blocks.pop()!
      blocks.forEach(take)
    }
  }
  const ended = read(response.body as ReadableStream<Uint8Array>).catch(() => undefined)
  return { events, lastEventId: () => lastEventId, heartbeats: () => heartbeats, ended, close: () => closing.abort() }
}
