import type { LogLine, LogTraceFrame } from '@gavel/contracts/api/logs.ts'

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
