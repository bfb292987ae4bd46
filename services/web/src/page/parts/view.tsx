import { useEffect, useRef, type ReactNode } from 'react'
import { useLocation } from 'wouter'

/** The frame of every view: it names the document, takes the focus when one has come from elsewhere, and has one heading. */
export function View({
  title,
  lead,
  actions,
  wide = false,
  children
}: {
  title: string
  lead?: ReactNode
  actions?: ReactNode
  wide?: boolean
  children: ReactNode
}) {
  const heading = useRef<HTMLHeadingElement>(null)
  const [location] = useLocation()
  useEffect(() => {
    document.title = `${title} · Gavel`
  }, [title])
  useEffect(() => {
    // Neither at the first view, where the browser has put the focus, nor where one address draws itself anew.
    if (seen === location) return
    if (seen !== undefined && !document.querySelector('dialog[open]')) {
      heading.current?.focus({ preventScroll: true })
      window.scrollTo(0, 0)
    }
    seen = location
  }, [location])
  return (
    <div className={wide ? 'view wide' : 'view'}>
      <header className="view-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead && <p className="lead">{lead}</p>}
        </div>
        {actions && <div className="actions">{actions}</div>}
      </header>
      {children}
    </div>
  )
}
let seen: string | undefined

export type Tone = 'plain' | 'good' | 'bad' | 'warn' | 'accent'

export function Badge({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`badge ${tone}`}>{children}</span>
}

export function Facts({ rows }: { rows: readonly (readonly [term: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {rows.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** Wide tables scroll in themselves, by keyboard too; the page never does sideways. */
export function Table({ label, head, children }: { label: string; head: readonly string[]; children: ReactNode }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- whoever scrolls by keyboard must be able to reach it
    <div className="table" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head.map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}
