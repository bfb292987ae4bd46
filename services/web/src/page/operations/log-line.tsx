import type { LogLine } from '@gavel/contracts/api/logs.ts'
import { Badge } from '../parts/view.tsx'
import { formatPrecise } from '../time.ts'

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
        <button type="button" className="link" onClick={() => onTrace(traceId)}>
          <span className="visually-hidden">Only trace </span>
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

export function LogLines({ lines, onTrace }: { lines: readonly LogLine[]; onTrace: (traceId: string) => void }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- whoever scrolls by keyboard must be able to reach it
    <ol className="log-lines" tabIndex={0} aria-label="Lines, newest first">
      {lines.map((line) => (
        <Line key={line.id} line={line} onTrace={onTrace} />
      ))}
    </ol>
  )
}
