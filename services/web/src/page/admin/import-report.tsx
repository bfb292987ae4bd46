import type { Import, ImportRow, ImportRowState } from '@gavel/contracts/api/imports.ts'
import { useEffect, useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import { saveFile } from '../api/files.ts'
import { sentence } from '../api/problem.ts'
import { useOperation, usePages, useRefresh } from '../api/query.ts'
import { announce } from '../parts/announce.tsx'
import { Empty, Shown, ShownPages, Wrong } from '../parts/states.tsx'
import { Badge, Facts, Table, View, type Tone } from '../parts/view.tsx'
import { formatDate, formatSpan } from '../time.ts'
import { stateOf } from './import.tsx'

const filters: readonly (readonly [state: ImportRowState | undefined, text: string])[] = [
  ['refused', 'Refused'],
  ['waiting', 'Waiting'],
  ['done', 'Done'],
  [undefined, 'All']
]
const tones: Record<ImportRowState, Tone> = { refused: 'bad', waiting: 'accent', done: 'good' }

const nothing: Record<string, string> = {
  refused: 'No row was refused',
  waiting: 'No row waits',
  done: 'No row is done yet'
}

function Rows({ importId, isOpen }: { importId: string; isOpen: boolean }) {
  const [search, setSearch] = useSearchParams()
  const asked = search.get('rows') ?? 'refused'
  const state = filters.find(([each]) => each === asked)?.[0]
  const query = usePages(
    'listImportRows',
    { params: { importId }, query: { limit: 100, ...(state && { state }) } },
    isOpen ? { refetchMs: 2_000 } : {}
  )
  return (
    <section className="stack" aria-labelledby="rows">
      <h2 id="rows">Rows</h2>
      <div className="tabs" role="group" aria-label="Rows shown">
        {filters.map(([each, text]) => (
          <button
            key={text}
            type="button"
            aria-pressed={each === state}
            onClick={() => setSearch({ rows: each ?? 'all' }, { replace: true })}
          >
            {text}
          </button>
        ))}
      </div>
      <ShownPages query={query} what="the rows" empty={<Empty title={nothing[state ?? ''] ?? 'There is no row'} />}>
        {(rows) => (
          <Table label="Rows" head={['Line', 'Item', 'State', 'What']}>
            {rows.map((row) => (
              <Row key={row.line} row={row} />
            ))}
          </Table>
        )}
      </ShownPages>
    </section>
  )
}

function Row({ row: { line, productId, state, item, stock, code, detail } }: { row: ImportRow }) {
  const parts = [item && `item ${item}`, stock && `stock ${stock}`].filter(Boolean).join(', ')
  return (
    <tr>
      <td className="number">{line}</td>
      <td className="wrap">
        {productId && item !== 'refused' ? <Link href={`/admin/items/${productId}`}>{productId}</Link> : productId}
      </td>
      <td>
        <Badge tone={tones[state]}>{state}</Badge>
      </td>
      <td className="wrap">
        {detail ?? parts}
        {code && (
          <>
            <br />
            <span className="muted small">
              {code}
              {parts && ` · ${parts}`}
            </span>
          </>
        )}
      </td>
    </tr>
  )
}

function Counts({ found }: { found: Import }) {
  const { rows, done, refused, waiting, startedBy, startedAt, endedAt } = found
  const { tone, words } = stateOf(found)
  return (
    <div className="stack">
      <p role="status">
        <Badge tone={tone}>{words}</Badge> {done} done, {refused} refused, {waiting} waiting, of {rows} rows.
      </p>
      {waiting > 0 && <progress value={rows - waiting} max={rows} aria-label="Rows that ended" />}
      <Facts
        rows={[
          ['By', startedBy],
          ['Begun', formatDate(startedAt)],
          ['Took', endedAt === undefined ? '–' : formatSpan(Math.max(0, endedAt - startedAt))]
        ]}
      />
      {found.state === 'broken-off' && <p>The file did not come whole, so nothing of it was done. Send it again.</p>}
    </div>
  )
}

function Download({ importId }: { importId: string }) {
  const [error, setError] = useState<string>()
  const save = async (): Promise<void> => {
    setError(undefined)
    await saveFile('downloadImportReport', { params: { importId }, query: {} }, `import-${importId}.csv`).catch(
      (failed: unknown) => setError(sentence(failed))
    )
  }
  return (
    <>
      <button type="button" className="quiet" onClick={() => void save()}>
        Download the report
      </button>
      <Wrong words={error} />
    </>
  )
}

export function ImportReport({ importId }: { importId: string }) {
  const [isOpen, setOpen] = useState(true)
  const query = useOperation('readImport', { params: { importId } }, isOpen ? { refetchMs: 1_000 } : {})
  const refresh = useRefresh()
  const state = query.data?.state
  useEffect(() => {
    if (state === undefined || state === 'receiving' || state === 'running') return
    setOpen(false)
    refresh('listImportRows', 'listProducts', 'listStock')
    announce(state === 'done' ? 'The import is through.' : 'The file did not come whole.')
  }, [state, refresh])
  return (
    <View
      title={query.data?.fileName ?? 'Import'}
      lead={<Link href="/admin/import">All imports</Link>}
      wide
      actions={<Download importId={importId} />}
    >
      <Shown query={query} what="the import">
        {(found) => <Counts found={found} />}
      </Shown>
      {query.data && <Rows importId={importId} isOpen={isOpen} />}
    </View>
  )
}
