import { useEffect, useRef, useState, type SubmitEvent } from 'react'
import { useSearchParams } from 'wouter'
import { valueOf } from '../account/sign-in.tsx'
import { call } from '../api/call.ts'
import type { InputOf } from '../api/operations.ts'
import { sentence } from '../api/problem.ts'
import { useOperation } from '../api/query.ts'
import { announce } from '../parts/announce.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Choice, Field } from '../parts/field.tsx'
import { Shown, Wrong } from '../parts/states.tsx'
import { Badge, Facts, View, type Tone } from '../parts/view.tsx'
import { formatDate, fromLocalInput } from '../time.ts'

/** A range of the log for one group; its end is known from the first call on, so that it is not run after. */
type Range = InputOf<'replayEvents'>['body'] & { from: number; to: number }
type Run = {
  range: Range
  sent: number
  next: number | undefined
  state: 'running' | 'stopped' | 'failed' | 'done'
  error?: string
}

const tones: Record<Run['state'], Tone> = { running: 'accent', stopped: 'warn', failed: 'bad', done: 'good' }

/** Sends page after page until the range is sent, its reader has gone, or something failed; then it goes on from there. */
function useReplay() {
  const [run, setRun] = useState<Run>()
  const isStopped = useRef(false)
  const stop = (): void => {
    isStopped.current = true
  }
  useEffect(() => stop, [])
  const goOn = async ({ range, sent: before, next: first }: Run): Promise<void> => {
    isStopped.current = false
    let [sent, next] = [before, first]
    const told = (state: Run['state'], error?: string): void =>
      setRun({ range, sent, next, state, ...(error !== undefined && { error }) })
    told('running')
    try {
      while (next !== undefined && !isStopped.current) {
        const answer = await call('replayEvents', { body: { ...range, from: next } })
        sent += answer.sent
        next = answer.nextFrom
        told('running')
      }
      told(next === undefined ? 'done' : 'stopped')
      announce(next === undefined ? `All ${sent} are sent.` : 'Stopped.')
    } catch (error) {
      told('failed', sentence(error))
    }
  }
  return { run, goOn, stop }
}

function Progress({ run, goOn, stop }: { run: Run; goOn: (run: Run) => void; stop: () => void }) {
  const { range, sent, next, state, error } = run
  const reached = (next ?? range.to + 1) - range.from
  return (
    <section className="panel" aria-labelledby="replay-run">
      <h2 id="replay-run">
        To {range.group} <Badge tone={tones[state]}>{state}</Badge>
      </h2>
      <progress value={reached} max={range.to - range.from + 1} aria-label="How far the replay has come" />
      <p role="status">
        {sent} {sent === 1 ? 'event' : 'events'} sent; looked at up to position {(next ?? range.to + 1) - 1} of{' '}
        {range.to}.
      </p>
      <Wrong words={error} />
      <div className="actions">
        {state === 'running' ? (
          <button type="button" className="quiet" onClick={stop}>
            Stop
          </button>
        ) : (
          next !== undefined && (
            <button type="button" className="primary" onClick={() => goOn(run)}>
              Go on from position {next}
            </button>
          )
        )}
      </div>
    </section>
  )
}

function Confirm({ range, onClose, onSure }: { range: Range; onClose: () => void; onSure: () => void }) {
  const { group, from, to, key, after, before } = range
  return (
    <Dialog title={`Replay to ${group}?`} onClose={onClose}>
      <div className="stack">
        <Facts
          rows={[
            ['Positions', `${from} to ${to}`],
            ['Key', key ?? 'any'],
            ['Not before', after === undefined ? 'any time' : formatDate(after)],
            ['Before', before === undefined ? 'any time' : formatDate(before)]
          ]}
        />
        <p>
          Its events of this range are sent to <strong>{group}</strong> again, in their order. All other groups pass
          over them, and so does a group that charges, decides or publishes. What it has handled stays handled; what it
          has lost it has again. No mail is sent.
        </p>
        <p className="warn-text">
          It cannot be taken back, and the group works through it before what is new on the same partitions.
        </p>
        <div className="actions">
          <button type="button" className="danger" onClick={onSure}>
            Replay
          </button>
          <button type="button" className="quiet" onClick={onClose}>
            Leave it
          </button>
        </div>
      </div>
    </Dialog>
  )
}

const positionOf = (text: string): number | undefined => (/^[1-9]\d{0,15}$/.test(text) ? Number(text) : undefined)

async function rangeFrom(form: HTMLFormElement): Promise<Range | string> {
  const [first, last] = [valueOf(form, 'from').trim(), valueOf(form, 'to').trim()]
  const from = positionOf(first || '1')
  const wanted = positionOf(last || '1')
  if (from === undefined || wanted === undefined) return 'A position is a whole number from 1 on.'
  const { items } = await call('listEvents', { query: { order: 'newest-first', limit: 1 } })
  const head = items[0]?.position ?? 0
  const to = last === '' ? head : Math.min(wanted, head)
  if (to < from) return `There is nothing from position ${from} to ${last || 'the end'}: the log ends at ${head}.`
  const [after, before] = [fromLocalInput(valueOf(form, 'after')), fromLocalInput(valueOf(form, 'before'))]
  if (after !== undefined && before !== undefined && before <= after) return 'The time must end after it begins.'
  const key = valueOf(form, 'key').trim()
  return {
    group: valueOf(form, 'group'),
    from,
    to,
    ...(key && { key }),
    ...(after !== undefined && { after }),
    ...(before !== undefined && { before })
  }
}

/** Events of the log for one consumer group again: `?key=` and the other fields come filled in from wherever an operator comes from. */
export function Replay() {
  const [params] = useSearchParams()
  const [asked, setAsked] = useState<Range>()
  const [wrong, setWrong] = useState('')
  const { run, goOn, stop } = useReplay()
  const health = useOperation('readHealth', {})
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    setWrong('')
    rangeFrom(event.currentTarget)
      .then((range) => (typeof range === 'string' ? setWrong(range) : setAsked(range)))
      .catch((error: unknown) => setWrong(sentence(error)))
  }
  const given = (name: string): string => params.get(name) ?? ''
  return (
    <View title="Replay" lead="Events of the log, sent again to one consumer group that has lost or missed them.">
      <Shown query={health} what="the consumer groups">
        {({ entries }) => (
          <form className="panel" onSubmit={submit}>
            <div className="row">
              <Choice
                label="Consumer group"
                name="group"
                defaultValue={given('group')}
                options={entries
                  .filter(({ kind }) => kind === 'group')
                  .map(({ name }) => [name, name] as const)
                  .toSorted(([a], [b]) => a.localeCompare(b))}
              />
              <Field
                label="Key"
                name="key"
                maxLength={128}
                placeholder="any order, product or auction"
                defaultValue={given('key')}
              />
            </div>
            <div className="row">
              <Field
                label="From position"
                name="from"
                inputMode="numeric"
                placeholder="1"
                defaultValue={given('from')}
              />
              <Field
                label="To position"
                name="to"
                inputMode="numeric"
                placeholder="the end"
                defaultValue={given('to')}
              />
            </div>
            <div className="row">
              <Field label="Not before" name="after" type="datetime-local" step="1" />
              <Field label="Before" name="before" type="datetime-local" step="1" />
            </div>
            <Wrong words={wrong} />
            <div className="actions">
              <button type="submit" className="primary" disabled={run?.state === 'running'}>
                Replay …
              </button>
            </div>
          </form>
        )}
      </Shown>
      {run && <Progress run={run} goOn={(from) => void goOn(from)} stop={stop} />}
      <p className="muted small">
        A replay goes on while this page is open. Leaving it stops it after the events that are on their way; what was
        sent stays sent, and sending it again does no harm.
      </p>
      {asked && (
        <Confirm
          range={asked}
          onClose={() => setAsked(undefined)}
          onSure={() => {
            setAsked(undefined)
            void goOn({ range: asked, sent: 0, next: asked.from, state: 'running' })
          }}
        />
      )}
    </View>
  )
}
