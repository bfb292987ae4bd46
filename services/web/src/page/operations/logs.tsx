import type { LogFilter } from '@gavel/contracts/api/logs.ts'
import { useState, type SubmitEvent } from 'react'
import { useSearchParams } from 'wouter'
import { valueOf } from '../account/sign-in.tsx'
import { usePages } from '../api/query.ts'
import { Choice, Field } from '../parts/field.tsx'
import { Empty, ShownPages } from '../parts/states.tsx'
import { Badge, View } from '../parts/view.tsx'
import { fromLocalInput } from '../time.ts'
import { filterOf, levelOptions, searchOf, type Trace } from './trace.ts'
import { LogLines } from './log-line.tsx'
import { useTrace } from './use-trace.ts'

type Shown = { filter: LogFilter; onTrace: (traceId: string) => void }

/** What the services say, as they say it; held still while somebody reads. */
function Live({ filter, onTrace }: Shown) {
  const [frozen, setFrozen] = useState<Trace>()
  const trace = useTrace(filter)
  const shown = frozen ?? trace
  return (
    <>
      <div className="actions">
        <button
          type="button"
          className="quiet small"
          aria-pressed={frozen !== undefined}
          onClick={() => setFrozen(frozen ? undefined : trace)}
        >
          {frozen ? 'Go on' : 'Pause'}
        </button>
        <Badge tone={frozen ? 'warn' : trace.state === 'live' ? 'good' : 'plain'}>
          {frozen ? `paused, ${Math.max(0, trace.seen - frozen.seen)} more` : trace.state}
        </Badge>
      </div>
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
        <LogLines lines={shown.lines} onTrace={onTrace} />
      )}
    </>
  )
}

/** What was kept, page by page. */
function Kept({ filter, onTrace, from, to }: Shown & { from: string; to: string }) {
  const query = usePages('listLogs', {
    query: { limit: 100, ...searchOf(filter, fromLocalInput(from), fromLocalInput(to)) }
  })
  return (
    <ShownPages query={query} what="the lines" empty={<Empty title="Nothing found">No line that is kept fits.</Empty>}>
      {(lines) => <LogLines lines={lines} onTrace={onTrace} />}
    </ShownPages>
  )
}

export function Logs() {
  const [params, setParams] = useSearchParams()
  const of = (name: string): string => params.get(name) ?? ''
  const isKept = params.has('kept')
  const filter = filterOf(of)
  const set = (next: Record<string, string>): void => {
    const all = Object.entries({ ...Object.fromEntries(params), ...next }).filter(([, value]) => value !== '')
    setParams(Object.fromEntries(all), { replace: true })
  }
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    const names = ['services', 'level', 'traceId', 'text', ...(isKept ? ['from', 'to'] : [])]
    set(Object.fromEntries(names.map((name) => [name, valueOf(form, name).trim()])))
  }
  const onTrace = (traceId: string): void => set({ traceId })
  return (
    <View title="Logs" lead="What the services say, in one place." wide>
      <div className="tabs" role="group" aria-label="Which lines">
        <button type="button" aria-pressed={!isKept} onClick={() => set({ kept: '' })}>
          Live
        </button>
        <button type="button" aria-pressed={isKept} onClick={() => set({ kept: '1' })}>
          Search
        </button>
      </div>
      {/* Anew for another trace id, which a line of the list may have set. */}
      <form className="row" onSubmit={submit} key={of('traceId')}>
        <Field
          label={isKept ? 'Service' : 'Services'}
          name="services"
          placeholder={isKept ? 'bidding' : 'bidding, order'}
          defaultValue={of('services')}
        />
        <Choice label="Level, and above" name="level" options={levelOptions} defaultValue={of('level')} />
        <Field
          label="Trace id"
          name="traceId"
          maxLength={32}
          pattern="[0-9a-f]{32}"
          title="32 digits of 0-9 and a-f"
          defaultValue={of('traceId')}
        />
        <Field label="Words" name="text" maxLength={200} defaultValue={of('text')} />
        {isKept && (
          <>
            <Field label="From" name="from" type="datetime-local" step="1" defaultValue={of('from')} />
            <Field label="To" name="to" type="datetime-local" step="1" defaultValue={of('to')} />
          </>
        )}
        <button type="submit" className="quiet">
          {isKept ? 'Search' : 'Filter'}
        </button>
      </form>
      {isKept ? (
        <Kept filter={filter} onTrace={onTrace} from={of('from')} to={of('to')} />
      ) : (
        <Live key={JSON.stringify(filter)} filter={filter} onTrace={onTrace} />
      )}
    </View>
  )
}
