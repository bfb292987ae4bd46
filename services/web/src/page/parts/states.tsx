import type { ReactNode } from 'react'
import { Problem, sentence } from '../api/problem.ts'
import { Icon } from './icon.tsx'

/** What every view shows while it has nothing to show: that it loads, that there is nothing, or what went wrong and what to do. */

export function Loading({ what, rows = 3 }: { what: string; rows?: number }) {
  return (
    <div className="loading" role="status">
      <span className="visually-hidden">Loading {what} …</span>
      {Array.from({ length: rows }, (_, index) => (
        <span key={index} className="skeleton" aria-hidden="true" />
      ))}
    </div>
  )
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <Icon name="empty" size={36} />
      <p className="empty-title">{title}</p>
      {children && <div className="muted">{children}</div>}
    </div>
  )
}

/** A fault can be tried again; without a connection it is tried again by itself. */
export function Failed({ error, again }: { error: Error; again?: (() => void) | undefined }) {
  const isAway = error instanceof Problem && error.code === 'UNREACHABLE'
  return (
    <div className="failed" role="alert">
      <Icon name="warning" size={20} />
      <div>
        <p>
          {isAway && !navigator.onLine ? 'You are offline. What was loaded before stays visible.' : sentence(error)}
        </p>
        {again && (
          <button type="button" className="quiet" onClick={again}>
            Try again
          </button>
        )}
      </div>
    </div>
  )
}

/** Why what was just asked for was not done; nothing while there is nothing to say. */
export function Wrong({ words }: { words: string | undefined }) {
  if (!words) return null
  return (
    <p className="wrong" role="alert">
      {words}
    </p>
  )
}

type Asked<Data> = { data: Data | undefined; error: Error | null; refetch: () => unknown }

/** Data where it is there, old data with a notice where a renewal failed, and otherwise why there is none. */
export function Shown<Data>({
  query,
  what,
  rows,
  children
}: {
  query: Asked<Data>
  what: string
  rows?: number
  children: (data: Data) => ReactNode
}) {
  const { data, error, refetch } = query
  const again = (): void => void refetch()
  if (data === undefined)
    return error ? <Failed error={error} again={again} /> : <Loading what={what} rows={rows ?? 3} />
  return (
    <>
      {error && <Failed error={error} again={again} />}
      {children(data)}
    </>
  )
}

type Paged<Item> = {
  items: Item[] | undefined
  error: Error | null
  refetch: () => unknown
  hasNextPage: boolean
  isFetchingNextPage: boolean
  fetchNextPage: () => unknown
}

export function ShownPages<Item>({
  query,
  what,
  empty,
  children
}: {
  query: Paged<Item>
  what: string
  empty: ReactNode
  children: (items: Item[]) => ReactNode
}) {
  const { items, hasNextPage, isFetchingNextPage, fetchNextPage } = query
  return (
    <Shown query={{ ...query, data: items }} what={what}>
      {(shown) => (
        <>
          {shown.length === 0 ? empty : children(shown)}
          {hasNextPage && (
            <p className="more">
              <button
                type="button"
                className="quiet"
                disabled={isFetchingNextPage}
                onClick={() => void fetchNextPage()}
              >
                {isFetchingNextPage ? 'Loading …' : 'Show more'}
              </button>
            </p>
          )}
        </>
      )}
    </Shown>
  )
}
