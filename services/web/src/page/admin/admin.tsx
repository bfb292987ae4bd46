import { Route, Switch } from 'wouter'
import { Places } from '../parts/places.tsx'
import { View } from '../parts/view.tsx'
import { Auctions } from './auctions.tsx'
import { Audit } from './audit.tsx'
import { Dashboard } from './dashboard.tsx'
import { Import } from './import.tsx'
import { ItemPage, Items } from './items.tsx'
import { HouseOrders } from './orders.tsx'

const places = [
  ['/admin', 'Dashboard'],
  ['/admin/items', 'Items and stock'],
  ['/admin/import', 'Import'],
  ['/admin/auctions', 'Auctions'],
  ['/admin/orders', 'Orders'],
  ['/admin/audit', 'Audit']
] as const

export function Admin() {
  return (
    <Places label="Admin" places={places}>
      <Switch>
        <Route path="/admin">
          <Dashboard />
        </Route>
        <Route path="/admin/items">
          <Items />
        </Route>
        <Route path="/admin/items/:productId">
          {({ productId }) => <ItemPage key={productId} productId={productId} />}
        </Route>
        <Route path="/admin/import">
          <Import />
        </Route>
        <Route path="/admin/auctions">
          <Auctions />
        </Route>
        <Route path="/admin/audit">
          <Audit />
        </Route>
        <Route path="/admin/orders">
          <HouseOrders />
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
