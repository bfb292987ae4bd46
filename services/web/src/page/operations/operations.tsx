import { Route, Switch } from 'wouter'
import { Places } from '../parts/places.tsx'
import { View } from '../parts/view.tsx'
import { DeadLetters } from './dead-letters.tsx'
import { Events } from './events.tsx'
import { Health } from './health.tsx'
import { Logs } from './logs.tsx'
import { Reconciliation } from './reconciliation.tsx'
import { SagaPage, Sagas } from './sagas.tsx'

const places = [
  ['/operations', 'Health'],
  ['/operations/sagas', 'Sagas'],
  ['/operations/dead-letters', 'Dead letters'],
  ['/operations/logs', 'Logs'],
  ['/operations/events', 'Events'],
  ['/operations/reconciliation', 'Reconciliation']
] as const

export function Operations() {
  return (
    <Places label="Operations" places={places}>
      <Switch>
        <Route path="/operations">
          <Health />
        </Route>
        <Route path="/operations/sagas">
          <Sagas />
        </Route>
        <Route path="/operations/sagas/:orderNumber">
          {({ orderNumber }) => <SagaPage orderNumber={orderNumber} />}
        </Route>
        <Route path="/operations/dead-letters">
          <DeadLetters />
        </Route>
        <Route path="/operations/logs">
          <Logs />
        </Route>
        <Route path="/operations/reconciliation">
          <Reconciliation />
        </Route>
        <Route path="/operations/events">
          <Events />
        </Route>
        <Route>
          <View title="There is nothing here">
            <p>Choose one of the places beside.</p>
          </View>
        </Route>
      </Switch>
    </Places>
  )
}
