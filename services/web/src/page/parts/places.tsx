import { useEffect, useRef, type ReactNode } from 'react'
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
  const side = useRef<HTMLElement>(null)
  useEffect(() => {
    // On a phone the places stand in a row that is wider than the screen.
    const here = side.current?.querySelector<HTMLElement>('[aria-current]')
    if (here && side.current) side.current.scrollLeft = here.offsetLeft - side.current.clientWidth / 3
  }, [location])
  return (
    <div className="with-side">
      <nav aria-label={label} className="side" ref={side}>
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
