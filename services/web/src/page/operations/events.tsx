import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import { useState, type SubmitEvent } from 'react'
import { Link, useSearchParams } from 'wouter'
import { call } from '../api/call.ts'
import type { AnswerOf } from '../api/operations.ts'
import { sentence } from '../api/problem.ts'
import { usePages } from '../api/query.ts'
import { useStream } from '../api/stream.ts'
import { Choice, Field } from '../parts/field.tsx'
import { Icon } from '../parts/icon.tsx'
import { Empty, ShownPages } from '../parts/states.tsx'
import { Badge, View } from '../parts/view.tsx'
import { formatPrecise, fromLocalInput, toLocalInput } from '../time.ts'
import { valueOf } from '../account/sign-in.tsx'

const liveKept = 200

function Row({ event }: { event: RecordedEvent }) {
  const { position, type, topic, key, time, source, subject, hash, eventId, traceparent, data } = event
  return (
    <li>
      <details className="event">
        <summary>
          <span className="number muted">{position}</span> <strong>{type.replace(/^gavel\./, '')}</strong>{' '}
          <span className="muted small">
            {topic} · {key} · {formatPrecise(time)}
          </span>
        </summary>
        <p className="muted small wrap">
          {source}
          {subject && `, about ${subject}`}, id {eventId}
          {traceparent && `, trace ${traceparent}`}
        </p>
        <pre className="code">{JSON.stringify(data, null, 2)}</pre>
        <p className="hash small">{hash}</p>
      </details>
    </li>
  )
}

function List({ events }: { events: readonly RecordedEvent[] }) {
  return (
    <ol className="events">
      {events.map((event) => (
        <Row key={event.position} event={event} />
      ))}
    </ol>
  )
}

/** The chain of the whole log, range by range, as the event log itself computes it anew. */
function VerifyLog() {
  const [words, setWords] = useState('')
  const [isBusy, setBusy] = useState(false)
  const run = async (): Promise<void> => {
    let checked = 0
    for (let from: number | undefined = 1; from !== undefined;) {
      const answer: AnswerOf<'verifyEvents'> = await call('verifyEvents', { query: { from } })
      if (!answer.valid) return setWords(`Broken at position ${answer.broken?.position}: ${answer.broken?.reason}.`)
      checked += answer.checked
      setWords(`${checked} checked …`)
      from = answer.nextFrom
    }
    setWords(`Whole: ${checked} events, each linked to the one before.`)
  }
  const start = (): void => {
    setBusy(true)
    run()
      .catch((error: unknown) => setWords(sentence(error)))
      .finally(() => setBusy(false))
  }
  return (
    <div className="actions">
      <button type="button" className="quiet" disabled={isBusy} onClick={start}>
        <Icon name="chain" /> Verify the log
      </button>
      <span role="status" className="muted">
        {words}
      </span>
    </div>
  )
}

const kinds = [
  ['auction', 'An auction'],
  ['order', 'A sale'],
  ['product', 'A product']
] as const

/** Any auction, sale or product as it was at any moment, folded from the events up to then. */
function TimeTravel() {
  const [answer, setAnswer] = useState('')
  const [error, setError] = useState('')
  const [now] = useState(() => toLocalInput(Date.now()))
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    const [kind, id, at] = [valueOf(form, 'kind'), valueOf(form, 'id').trim(), fromLocalInput(valueOf(form, 'at'))]
    const query = at === undefined ? {} : { at }
    const asked =
      kind === 'auction'
        ? call('readAuctionAt', { params: { auctionId: id }, query })
        : kind === 'order'
          ? call('readOrderAt', { params: { orderNumber: id }, query })
          : call('readProductAt', { params: { productId: id }, query })
    setError('')
    asked
      .then((state) => setAnswer(JSON.stringify(state, null, 2)))
      .catch((thrown: unknown) => {
        setAnswer('')
        setError(sentence(thrown))
      })
  }
  return (
    <section className="panel" aria-labelledby="travel">
      <h2 id="travel">As it was</h2>
      <form className="row" onSubmit={submit}>
        <Choice label="What" name="kind" options={kinds} />
        <Field label="Its id" name="id" required maxLength={80} />
        <Field label="When" name="at" type="datetime-local" step="1" defaultValue={now} />
        <button type="submit" className="primary">
          Look
        </button>
      </form>
      <div role="status">
        {error && <p className="wrong">{error}</p>}
        {answer && <pre className="code">{answer}</pre>}
      </div>
    </section>
  )
}

export function Events() {
  const [params, setParams] = useSearchParams()
  const [live, setLive] = useState<RecordedEvent[]>([])
  const [isFollowing, setFollowing] = useState(true)
  const filters = Object.fromEntries(
    (['topic', 'type', 'subject', 'key'] as const).flatMap((name) => {
      const value = params.get(name)
      return value ? [[name, value]] : []
    })
  )
  const query = usePages('listEvents', { query: { order: 'newest-first', limit: 50, ...filters } })
  const head = query.items === undefined ? undefined : (query.items[0]?.position ?? 0)
  const state = useStream<'streamEvents', RecordedEvent>(
    'streamEvents',
    { query: { from: (head ?? 0) + 1, ...filters } },
    (event) => setLive((before) => [event, ...before].slice(0, liveKept)),
    isFollowing && head !== undefined
  )
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    const given = ['topic', 'type', 'subject', 'key'].map((name) => [name, valueOf(form, name).trim()] as const)
    setLive([])
    setParams(Object.fromEntries(given.filter(([, value]) => value !== '')), { replace: true })
  }
  return (
    <View
      title="Events"
      lead="Everything that happened, in one order, for good."
      wide
      actions={
        <>
          <VerifyLog />
          <Link
            href={`/operations/replay${filters.key ? `?key=${encodeURIComponent(filters.key)}` : ''}`}
            className="button quiet"
          >
            Replay …
          </Link>
        </>
      }
    >
      <TimeTravel />
      <form className="row" onSubmit={submit}>
        <Field label="Topic" name="topic" defaultValue={params.get('topic') ?? ''} />
        <Field label="Type" name="type" placeholder="gavel.OrderCreated.v1" defaultValue={params.get('type') ?? ''} />
        <Field label="Key" name="key" defaultValue={params.get('key') ?? ''} />
        <Field label="Subject" name="subject" defaultValue={params.get('subject') ?? ''} />
        <button type="submit" className="quiet">
          Filter
        </button>
        <button type="button" className="quiet" aria-pressed={!isFollowing} onClick={() => setFollowing(!isFollowing)}>
          {isFollowing ? 'Pause' : 'Go on'}
        </button>
        <Badge tone={state === 'live' ? 'good' : 'plain'}>
          {state === 'live' ? 'live' : state === 'off' ? 'paused' : 'connecting'}
        </Badge>
      </form>
      <ShownPages
        query={query}
        what="the events"
        empty={live.length === 0 ? <Empty title="No event">None fits the filter.</Empty> : <List events={live} />}
      >
        {(events) => <List events={[...live, ...events]} />}
      </ShownPages>
    </View>
  )
}
