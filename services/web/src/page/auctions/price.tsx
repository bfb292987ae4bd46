import { useEffect, useRef } from 'react'

/** An amount that glows for a moment where it changed before the reader's eyes. */
export function Money({ children, className = '' }: { children: string; className?: string }) {
  const ref = useRef<HTMLSpanElement>(null)
  const before = useRef(children)
  useEffect(() => {
    if (before.current === children) return
    before.current = children
    if (window.matchMedia('(prefers-reduced-motion: reduce)').matches) return
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
