import { useEffect, useRef } from 'react'

/** In a rush a price that always glows says nothing, and each glow is drawn frame by frame. */
const restMs = 900

/** An amount that glows for a moment where it changed before the reader's eyes, after it had stood for a while. */
export function Money({ children, className = '' }: { children: string; className?: string }) {
  const ref = useRef<HTMLSpanElement>(null)
  const before = useRef(children)
  const changedAt = useRef(0)
  useEffect(() => {
    if (before.current === children) return
    before.current = children
    const now = performance.now()
    const isRush = now - changedAt.current < restMs
    changedAt.current = now
    if (isRush || window.matchMedia('(prefers-reduced-motion: reduce)').matches) return
    ref.current?.animate([{ color: 'var(--accent)', transform: 'translateY(-0.12em)' }, {}], {
      duration: 450,
      easing: 'ease-out'
    })
  }, [children])
  return (
    <span ref={ref} className={`money ${className}`}>
      {children}
    </span>
  )
}
