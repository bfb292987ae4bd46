import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { View } from './view.tsx'

/** A part of the application with places of its own beside what they show. */
export function Places({
  label,
  places,
  children
}: {
  label: string
  places: readonly (readonly [to: string, text: string])[]
  children: ReactNode
}) {
  const [location] = useLocation()
  const root = places[0]?.[0]
  return (
    <div className="with-side">
      <nav aria-label={label} className="side">
        {places.map(([to, text]) => (
          <Link
            key={to}
            href={to}
            aria-current={(to === root ? location === to : location.startsWith(to)) ? 'page' : undefined}
          >
            {text}
          </Link>
        ))}
      </nav>
      {children}
    </div>
  )
}

export function NoSuchPlace() {
  return (
    <View title="There is nothing here">
      <p>The address may be old. Choose one of the places in the list.</p>
    </View>
  )
}
