export interface Subscription {
  readonly events: { id: string; name: string; status: string }[]
  readonly lastEventId: () => string | undefined
  close(): Promise<void>
}

/** A client of Server-Sent Events, as browsers are: it keeps the last id. */
export async function subscribe(url: string, headers: Record<string, string>): Promise<Subscription> {
  const closing = new AbortController()
  const response = await fetch(url, { headers, signal: closing.signal })
  if (!response.ok || !response.body) throw new Error(`${response.status}: ${await response.text()}`)
  const events: Subscription['events'] = []
  let lastEventId: string | undefined
  const take = (line: string): void => {
    if (line.startsWith('id: ')) lastEventId = line.slice(4)
    if (line.startsWith('data: ')) events.push(JSON.parse(line.slice(6)))
  }
  const read = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of body) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop()!
      lines.forEach(take)
    }
  }
  const ended = read(response.body as ReadableStream<Uint8Array>).catch(() => undefined)
  return {
    events,
    lastEventId: () => lastEventId,
    close: async () => {
      closing.abort()
      await ended
    }
  }
}
