import {
  logLevels,
  type FollowLogsFrame,
  type LogFilter,
  type LogLine,
  type LogTraceFrame
} from '@gavel/contracts/api/logs.ts'
import { useEffect, useRef, useState, type SubmitEvent } from 'react'
import { webSocketAddress, webSocketProtocols } from '../api/live.ts'
import { accessToken } from '../api/session.ts'
import { valueOf } from '../account/sign-in.tsx'
import { Choice, Field } from '../parts/field.tsx'
import { Empty } from '../parts/states.tsx'
import { Badge, View } from '../parts/view.tsx'
import { formatPrecise } from '../time.ts'
import { afterFrame, emptyTrace, levelOptions, type Trace } from './trace.ts'

/** The live trace: one WebSocket, whose filter can be changed while it runs. It comes back by itself and then begins with the newest lines. */
function useTrace(filter: LogFilter): Trace & { state: 'connecting' | 'live' } {
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

function Line({ line, onTrace }: { line: LogLine; onTrace: (traceId: string) => void }) {
  const { time, service, level, message, traceId, members } = line
  const more = Object.keys(members).length > 0
  return (
    <li data-level={level}>
      <span className="muted">{formatPrecise(time)}</span>
      <Badge tone={level === 'error' || level === 'fatal' ? 'bad' : level === 'warn' ? 'warn' : 'plain'}>{level}</Badge>
      <strong>{service}</strong>
      <span>{message}</span>
      {traceId && (
        <button type="button" className="link" onClick={() => onTrace(traceId)} aria-label={`Only trace ${traceId}`}>
          {traceId.slice(0, 8)}
        </button>
      )}
      {more && (
        <details>
          <summary>more</summary>
          <pre className="code">{JSON.stringify(members, null, 2)}</pre>
        </details>
      )}
    </li>
  )
}

export function Logs() {
  const [filter, setFilter] = useState<LogFilter>({})
  const [frozen, setFrozen] = useState<Trace>()
  const form = useRef<HTMLFormElement>(null)
  const trace = useTrace(filter)
  const shown = frozen ?? trace
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const value = (name: string): string => valueOf(event.currentTarget, name).trim()
    const services = value('services')
      .split(/[\s,]+/)
      .filter(Boolean)
    const level = logLevels.find((each) => each === value('level'))
    const traceId = /^[0-9a-f]{32}$/.exec(value('traceId'))?.[0]
    const text = value('text')
    setFrozen(undefined)
    setFilter({
      ...(services.length > 0 && { services }),
      ...(level && { level }),
      ...(traceId && { traceId }),
      ...(text && { text })
    })
  }
  const onTrace = (traceId: string): void => {
    const input = form.current?.elements.namedItem('traceId')
    if (input instanceof HTMLInputElement) input.value = traceId
    setFrozen(undefined)
    setFilter((before) => ({ ...before, traceId }))
  }
  return (
    <View title="Logs" lead="What the services say, as they say it." wide>
      <form className="row" onSubmit={submit} ref={form}>
        <Field label="Services" name="services" placeholder="bidding, order" />
        <Choice label="Level, and above" name="level" options={levelOptions} />
        <Field label="Trace id" name="traceId" maxLength={32} />
        <Field label="Words" name="text" maxLength={200} />
        <button type="submit" className="quiet">
          Filter
        </button>
        <button
          type="button"
          className="quiet"
          aria-pressed={frozen !== undefined}
          onClick={() => setFrozen(frozen ? undefined : trace)}
        >
          {frozen ? 'Go on' : 'Pause'}
        </button>
        <Badge tone={frozen ? 'warn' : trace.state === 'live' ? 'good' : 'plain'}>
          {frozen ? `paused, ${Math.max(0, trace.seen - frozen.seen)} more` : trace.state}
        </Badge>
      </form>
      {shown.problem && (
        <p className="wrong" role="alert">
          {shown.problem}
        </p>
      )}
      {shown.lost > 0 && (
        <p className="hint warn-text">
          {shown.lost} lines came faster than this browser took them and were left out; a search has them.
        </p>
      )}
      {shown.lines.length === 0 ? (
        <Empty title="Nothing yet">No line fits. New ones appear by themselves.</Empty>
      ) : (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- whoever scrolls by keyboard must be able to reach it
        <ol className="log-lines" tabIndex={0} aria-label="Lines, newest first">
          {shown.lines.map((line) => (
            <Line key={line.id} line={line} onTrace={onTrace} />
          ))}
        </ol>
      )}
    </View>
  )
}
