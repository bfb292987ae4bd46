import { NoSuchPlace, Places } from '../parts/places.tsx'
import { Views } from '../parts/views.tsx'
import type { operationsRoutes } from '../routes.ts'
import { DeadLetters } from './dead-letters.tsx'
import { Events } from './events.tsx'
import { Health } from './health.tsx'
import { Logs } from './logs.tsx'
import { Reconciliation } from './reconciliation.tsx'
import { Replay } from './replay.tsx'
import { SagaPage, Sagas } from './sagas.tsx'
import { SearchRebuild } from './search-rebuild.tsx'

const places = [
  ['/operations', 'Health'],
  ['/operations/sagas', 'Sagas'],
  ['/operations/dead-letters', 'Dead letters'],
  ['/operations/logs', 'Logs'],
  ['/operations/events', 'Events'],
  ['/operations/replay', 'Replay'],
  ['/operations/search', 'Search'],
  ['/operations/reconciliation', 'Reconciliation']
] as const

export function Operations() {
  return (
    <Places label="Operations" places={places}>
      <Views<(typeof operationsRoutes)[number]>
        of={{
          '/operations': () => <Health />,
          '/operations/sagas': () => <Sagas />,
          '/operations/sagas/:orderNumber': ({ orderNumber }) => <SagaPage orderNumber={orderNumber} />,
          '/operations/dead-letters': () => <DeadLetters />,
          '/operations/logs': () => <Logs />,
          '/operations/events': () => <Events />,
          '/operations/replay': () => <Replay />,
          '/operations/search': () => <SearchRebuild />,
          '/operations/reconciliation': () => <Reconciliation />
        }}
        otherwise={<NoSuchPlace />}
      />
    </Places>
  )
}
