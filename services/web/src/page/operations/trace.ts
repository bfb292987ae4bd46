import { logLevels, type LogFilter, type LogLine, type LogTraceFrame } from '@gavel/contracts/api/logs.ts'
import type { InputOf } from '../api/operations.ts'

/** `seen` counts on while the view is paused, so that it can say how much came meanwhile. */
export type Trace = { lines: LogLine[]; lost: number; seen: number; problem?: string }

export const emptyTrace: Trace = { lines: [], lost: 0, seen: 0 }
const linesKept = 500

export const levelOptions = [
  ['', 'All'],
  ['debug', 'debug'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['error', 'error']
] as const

/** Newest first. The server sends oldest first, and a filter anew begins anew. */
export function afterFrame(trace: Trace, frame: LogTraceFrame): Trace {
  switch (frame.type) {
    case 'following':
      return emptyTrace
    case 'lines':
      return {
        ...trace,
        lines: [...frame.lines.toReversed(), ...trace.lines].slice(0, linesKept),
        seen: trace.seen + frame.lines.length
      }
    case 'dropped':
      return { ...trace, lost: trace.lost + frame.count }
    case 'problem':
      return { ...trace, problem: String((frame.problem as { title?: string }).title ?? 'Something went wrong') }
    case 'live':
    case 'gap':
      return trace
    default:
      return frame satisfies never
  }
}

/** What the address asks for; what is no service, level or trace id narrows nothing. */
export function filterOf(value: (name: string) => string): LogFilter {
  const services = value('services')
    .split(/[\s,]+/)
    .filter(Boolean)
  const level = logLevels.find((each) => each === value('level'))
  const traceId = /^[0-9a-f]{32}$/.exec(value('traceId'))?.[0]
  const text = value('text')
  return {
    ...(services.length > 0 && { services }),
    ...(level && { level }),
    ...(traceId && { traceId }),
    ...(text && { text })
  }
}

/** The same for the lines that are kept, which are searched by one service at a time. */
export function searchOf(
  { services, ...filter }: LogFilter,
  from: number | undefined,
  to: number | undefined
): NonNullable<InputOf<'listLogs'>['query']> {
  return {
    ...filter,
    ...(services?.[0] && { service: services[0] }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to })
  }
}
