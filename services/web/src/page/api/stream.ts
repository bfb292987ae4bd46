import table from 'virtual:operations'
import { useEffect, useRef, useState } from 'react'
import { addressOf } from './call.ts'
import type { InputOf, OperationId } from './operations.ts'
import { accessToken } from './session.ts'

type Message = { id: string; data: string }

/** Server-Sent Events out of the bytes of an answer. The browser's own reader could send no token. */
export async function* readEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Message> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const blocks = (rest + value).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const lines = block.split('\n')
      const of = (name: string): string[] =>
        lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ''))
      const data = of('data')
      if (data.length > 0) yield { id: of('id').at(-1) ?? '', data: data.join('\n') }
    }
  }
}

/**
 * Follows a stream for as long as the view stands and `isOn`. After a break it goes on behind the last message that was seen, so none is
 * missed and none comes twice.
 */
export function useStream<Id extends OperationId, Data>(
  id: Id,
  input: InputOf<Id>,
  onData: (data: Data) => void,
  isOn = true
): 'off' | 'connecting' | 'live' {
  const [state, setState] = useState<'off' | 'connecting' | 'live'>('off')
  const take = useRef(onData)
  useEffect(() => {
    take.current = onData
  })
  const address = addressOf(table[id]?.[1] ?? '/', input as { query?: Record<string, unknown> })
  useEffect(() => {
    if (!isOn) return setState('off')
    const gone = new AbortController()
    let last = ''
    let timer: ReturnType<typeof setTimeout> | undefined
    const follow = async (): Promise<void> => {
      setState('connecting')
      try {
        const token = await accessToken()
        const headers = {
          accept: 'text/event-stream',
          ...(token && { authorization: `Bearer ${token}` }),
          ...(last && { 'last-event-id': last })
        }
        const response = await fetch(address, { headers, signal: gone.signal })
        if (response.ok && response.body) {
          setState('live')
          for await (const message of readEvents(response.body)) {
            last = message.id || last
            take.current(JSON.parse(message.data) as Data)
          }
        }
      } catch {
        // It is begun again below, whatever ended it.
      }
      if (!gone.signal.aborted) timer = setTimeout(() => void follow(), 2_000)
    }
    void follow()
    return () => {
      gone.abort()
      clearTimeout(timer)
    }
  }, [address, isOn])
  return state
}
