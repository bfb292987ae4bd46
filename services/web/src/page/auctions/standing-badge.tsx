import { Icon } from '../parts/icon.tsx'
import { Badge } from '../parts/view.tsx'
import type { StandingMark } from './auction-now.ts'

/** How the reader stands, as a word and a mark. */
export function StandingBadge({ mark, isShort = false }: { mark: StandingMark; isShort?: boolean }) {
  const { tone, icon, words, short } = mark
  return (
    <Badge tone={tone}>
      <Icon name={icon} size={14} />
      <span>{isShort ? short : words}</span>
    </Badge>
  )
}
