import type { Import } from '@gavel/contracts/api/imports.ts'
import { importUpload, IMPORT_ROWS_MAX } from '@gavel/contracts/import-limits.ts'
import { useEffect, useRef, useState, type DragEvent } from 'react'
import { Link, useLocation } from 'wouter'
import { sendFile } from '../api/files.ts'
import { sentence } from '../api/problem.ts'
import { usePages, useRefresh } from '../api/query.ts'
import { announce } from '../parts/announce.tsx'
import { Empty, ShownPages } from '../parts/states.tsx'
import { Badge, Table, View, type Tone } from '../parts/view.tsx'
import { formatDate } from '../time.ts'

const megabytes = importUpload.bytesMax / 1024 / 1024

const typeOf = ({ name }: File): string => (/\.(ndjson|jsonl)$/i.test(name) ? 'application/x-ndjson' : 'text/csv')

/** What is known before anything is sent. */
const whyNot = (file: File): string | undefined =>
  file.size > importUpload.bytesMax
    ? `“${file.name}” is larger than ${megabytes} MB: cut it in several.`
    : file.size === 0
      ? `“${file.name}” is empty.`
      : undefined

/** One file on its way. Its import has an id of ours, so that sending it again after a break does nothing twice. */
function useUpload() {
  const [chosen, setChosen] = useState<{ file: File; importId: string }>()
  const [part, setPart] = useState<number>()
  const [error, setError] = useState<string>()
  const sending = useRef<AbortController>(undefined)
  const refresh = useRefresh()
  const [, go] = useLocation()
  useEffect(() => () => sending.current?.abort(), [])

  const send = async ({ file, importId }: { file: File; importId: string }): Promise<void> => {
    setError(undefined)
    setPart(0)
    const { signal } = (sending.current = new AbortController())
    try {
      const input = { params: { importId }, query: { fileName: file.name.slice(0, 200) } }
      await sendFile('importItems', input, { file, type: typeOf(file), onProgress: setPart, signal })
      refresh('listImports')
      announce('The file is taken. Its rows are being carried out.')
      go(`/admin/import/${importId}`)
    } catch (failed) {
      if (!signal.aborted) setError(sentence(failed))
    } finally {
      setPart(undefined)
    }
  }
  const choose = (file: File | undefined): void => {
    if (!file) return
    const wrong = whyNot(file)
    setError(wrong)
    const next = { file, importId: crypto.randomUUID() }
    setChosen(wrong === undefined ? next : undefined)
    if (wrong === undefined) void send(next)
  }
  return {
    chosen,
    part,
    error,
    choose,
    again: () => chosen && void send(chosen),
    stop: () => sending.current?.abort()
  }
}

function Upload() {
  const { chosen, part, error, choose, again, stop } = useUpload()
  const [isOver, setOver] = useState(false)
  const isSending = part !== undefined
  const drop = (event: DragEvent): void => {
    event.preventDefault()
    setOver(false)
    if (!isSending) choose(event.dataTransfer.files[0])
  }
  const over = (event: DragEvent): void => {
    event.preventDefault()
    setOver(true)
  }
  return (
    <div className={isOver ? 'drop over' : 'drop'} onDrop={drop} onDragOver={over} onDragLeave={() => setOver(false)}>
      <div className="field">
        <label htmlFor="file">A file: CSV as spreadsheets write it, or NDJSON</label>
        <input
          id="file"
          type="file"
          accept=".csv,.tsv,.ndjson,.jsonl,text/csv,application/x-ndjson"
          aria-describedby="file-hint"
          disabled={isSending}
          onChange={(event) => {
            choose(event.currentTarget.files?.[0])
            // The same file, corrected, can be chosen again.
            event.currentTarget.value = ''
          }}
        />
        <p className="hint" id="file-hint">
          Choose it or drop it here: up to {IMPORT_ROWS_MAX.toLocaleString('en')} rows and {megabytes} MB. A file that
          does not come whole changes nothing.
        </p>
      </div>
      {isSending && (
        <div className="stack" role="status">
          <p>
            {part < 1 ? `Sending “${chosen?.file.name}” …` : 'Sent. Its rows are being stored …'}{' '}
            <span className="number">{Math.floor(part * 100)} %</span>
          </p>
          <progress value={part} max={1} aria-label="Upload" />
          <p>
            <button type="button" className="quiet" onClick={stop}>
              Stop
            </button>
          </p>
        </div>
      )}
      {error && (
        <div role="alert">
          <p className="wrong">{error}</p>
          {chosen && (
            <button type="button" className="quiet" onClick={again}>
              Send it again
            </button>
          )}
        </div>
      )}
    </div>
  )
}

const columns: readonly (readonly [name: string, what: string])[] = [
  ['title, description, brand, category', 'what the item is called; an empty cell leaves what is there'],
  ['productId (or id, sku)', 'which item; a new one without gets one'],
  ['available (or pieces, stock)', 'pieces there are now, at the location'],
  ['delta', 'pieces more or, with a minus, fewer: in place of available'],
  ['location', 'where the pieces are; main where none is named'],
  ['action', 'put (added or changed, the usual), add, change or remove'],
  ['reason', 'stands in the history of the stock']
]

export const stateOf = ({ state, refused }: Import): { tone: Tone; words: string } => {
  switch (state) {
    case 'receiving':
      return { tone: 'accent', words: 'arriving' }
    case 'running':
      return { tone: 'accent', words: 'running' }
    case 'done':
      return refused > 0 ? { tone: 'warn', words: 'done, some refused' } : { tone: 'good', words: 'done' }
    case 'broken-off':
      return { tone: 'bad', words: 'never came whole' }
  }
}

export function Imports() {
  const query = usePages('listImports', { query: { limit: 20 } }, { refetchMs: 5_000 })
  return (
    <View title="Import" lead="Items and stock from a file, with a report on every row." wide>
      <Upload />
      <details>
        <summary>The columns, or the members of each line</summary>
        <dl className="facts">
          {columns.map(([name, what]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </details>
      <section className="stack" aria-labelledby="past">
        <h2 id="past">Imports of the last 30 days</h2>
        <ShownPages query={query} what="the imports" empty={<Empty title="No import yet" />}>
          {(imports) => (
            <Table label="Imports" head={['File', 'Begun', 'State', 'Rows', 'Refused', 'By']}>
              {imports.map((each) => {
                const { tone, words } = stateOf(each)
                return (
                  <tr key={each.importId}>
                    <td className="wrap">
                      <Link href={`/admin/import/${each.importId}`}>{each.fileName ?? each.importId}</Link>
                    </td>
                    <td>{formatDate(each.startedAt)}</td>
                    <td>
                      <Badge tone={tone}>{words}</Badge>
                    </td>
                    <td className="number">{each.rows}</td>
                    <td className="number">{each.refused}</td>
                    <td className="wrap small muted">{each.startedBy}</td>
                  </tr>
                )
              })}
            </Table>
          )}
        </ShownPages>
      </section>
    </View>
  )
}
