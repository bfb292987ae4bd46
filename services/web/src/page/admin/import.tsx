import { useRef, useState } from 'react'
import { Link } from 'wouter'
import { call, callUntilAnswered } from '../api/call.ts'
import { Problem, sentence } from '../api/problem.ts'
import { useRefresh } from '../api/query.ts'
import { announce } from '../parts/announce.tsx'
import { Badge, Table, View, type Tone } from '../parts/view.tsx'
import { readRows, rowsMost, type ImportRow, type ReadRow } from './table-file.ts'

type Outcome = { tone: Tone; state: string; words: string; productId?: string }

async function importRow({ title, description, brand, category, pieces, productId }: ImportRow): Promise<Outcome> {
  const id = productId ?? crypto.randomUUID()
  let state = 'added'
  try {
    await call('addProduct', { body: { productId: id, title, description, brand, category } })
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'PRODUCT_EXISTS' || productId === undefined) throw error
    await call('changeProduct', { params: { productId: id }, body: { title, description, brand, category } })
    state = 'changed'
  }
  if (pieces !== undefined)
    await callUntilAnswered('setStock', { params: { productId: id }, body: { available: pieces } as never })
  return { tone: 'good', state, words: pieces === undefined ? '' : `${pieces} in stock`, productId: id }
}

const titleOf = (row: ReadRow): string => ('title' in row ? row.title : '')

export function Import() {
  const [rows, setRows] = useState<ReadRow[]>([])
  const [outcomes, setOutcomes] = useState<ReadonlyMap<number, Outcome>>(new Map())
  const [isRunning, setRunning] = useState(false)
  const stopped = useRef(false)
  const refresh = useRefresh()
  const good = rows.filter((row): row is ImportRow => 'title' in row)
  const left = good.filter(({ line }) => outcomes.get(line)?.tone !== 'good')

  const read = async (file: File | undefined): Promise<void> => {
    if (!file) return
    setRows(readRows(await file.text()))
    setOutcomes(new Map())
  }
  const run = async (): Promise<void> => {
    setRunning(true)
    stopped.current = false
    for (const row of left) {
      if (stopped.current) break
      const outcome = await importRow(row).catch((error: unknown): Outcome => ({
        tone: 'bad',
        state: 'refused',
        words: sentence(error)
      }))
      setOutcomes((before) => new Map(before).set(row.line, outcome))
    }
    setRunning(false)
    refresh('listProducts', 'listStock')
    announce('The import is through.')
  }
  const counts = {
    good: [...outcomes.values()].filter(({ tone }) => tone === 'good').length,
    wrong: rows.length - good.length
  }
  return (
    <View
      title="Import"
      lead="Items from a table: columns title, description, brand, category, pieces, id. A row with a known id changes that item."
      wide
    >
      <div className="row">
        <div className="field">
          <label htmlFor="file">A file as spreadsheets write it (CSV)</label>
          <input
            id="file"
            type="file"
            accept=".csv,.tsv,text/csv,text/plain"
            disabled={isRunning}
            onChange={(event) => void read(event.currentTarget.files?.[0])}
          />
        </div>
        {left.length > 0 && !isRunning && (
          <button type="button" className="primary" onClick={() => void run()}>
            Import {left.length} {left.length === 1 ? 'row' : 'rows'}
          </button>
        )}
        {isRunning && (
          <button type="button" className="quiet" onClick={() => (stopped.current = true)}>
            Stop
          </button>
        )}
      </div>
      <p role="status" className="muted">
        {rows.length === 0
          ? `Nothing is sent before you say so. Up to ${rowsMost} rows.`
          : `${rows.length} rows read, ${counts.wrong} with a mistake, ${counts.good} imported.`}
      </p>
      {isRunning && <progress value={outcomes.size} max={good.length} aria-label="Import" />}
      {rows.length > 0 && (
        <Table label="Rows" head={['Line', 'Title', 'State', 'What']}>
          {rows.map((row) => {
            const outcome = outcomes.get(row.line)
            return (
              <tr key={row.line}>
                <td className="number">{row.line}</td>
                <td>
                  {outcome?.productId ? (
                    <Link href={`/admin/items/${outcome.productId}`}>{titleOf(row)}</Link>
                  ) : (
                    titleOf(row)
                  )}
                </td>
                <td>
                  {'wrong' in row ? (
                    <Badge tone="bad">mistake</Badge>
                  ) : (
                    <Badge tone={outcome?.tone ?? 'plain'}>{outcome?.state ?? 'ready'}</Badge>
                  )}
                </td>
                <td>{'wrong' in row ? row.wrong : outcome?.words}</td>
              </tr>
            )
          })}
        </Table>
      )}
    </View>
  )
}
