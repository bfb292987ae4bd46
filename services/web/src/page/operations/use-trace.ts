import type { FollowLogsFrame, LogFilter, LogTraceFrame } from '@gavel/contracts/api/logs.ts'
import { useEffect, useState } from 'react'
import { webSocketAddress, webSocketProtocols } from '../api/live.ts'
import { accessToken } from '../api/session.ts'
import { afterFrame, emptyTrace, type Trace } from './trace.ts'

/** The live trace: one WebSocket, whose filter can be changed while it runs. It comes back by itself and then begins with the newest lines. */
export function useTrace(filter: LogFilter): Trace & { state: 'connecting' | 'live' } {
  const [trace, setTrace] = useState<Trace>(emptyTrace)
  const [state, setState] = useState<'connecting' | 'live'>('connecting')
  const text = JSON.stringify(filter)
  useEffect(() => {
    let isGone = false
    let socket: WebSocket | undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    const open = async (): Promise<void> => {
      const token = await accessToken()
      if (isGone) return
      const opened = new WebSocket(webSocketAddress('/ws/logs'), webSocketProtocols(token))
      socket = opened
      opened.addEventListener('open', () => {
        const frame: FollowLogsFrame = { type: 'follow', filter: JSON.parse(text) as LogFilter, history: 200 }
        opened.send(JSON.stringify(frame))
      })
      opened.addEventListener('message', ({ data }) => {
        const frame = JSON.parse(String(data)) as LogTraceFrame
        if (frame.type === 'live') setState('live')
        setTrace((before) => afterFrame(before, frame))
      })
      opened.addEventListener('close', () => {
        if (isGone) return
        setState('connecting')
        timer = setTimeout(() => void open(), 1_500)
      })
    }
    void open()
    return () => {
      isGone = true
      clearTimeout(timer)
      socket?.close()
    }
  }, [text])
  return { ...trace, state }
}
