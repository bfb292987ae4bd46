import { NoSuchPlace, Places } from '../parts/places.tsx'
import { Views } from '../parts/views.tsx'
import type { adminRoutes } from '../routes.ts'
import { Auctions } from './auctions.tsx'
import { Audit } from './audit.tsx'
import { Dashboard } from './dashboard.tsx'
import { ImportReport } from './import-report.tsx'
import { Imports } from './import.tsx'
import { ItemPage, Items } from './items.tsx'
import { HouseOrders } from './orders.tsx'
import { UserPage, Users } from './users.tsx'

const places = [
  ['/admin', 'Dashboard'],
  ['/admin/items', 'Items and stock'],
  ['/admin/import', 'Import'],
  ['/admin/auctions', 'Auctions'],
  ['/admin/orders', 'Orders'],
  ['/admin/users', 'Users'],
  ['/admin/audit', 'Audit']
] as const

export function Admin() {
  return (
    <Places label="Admin" places={places}>
      <Views<(typeof adminRoutes)[number]>
        of={{
          '/admin': () => <Dashboard />,
          '/admin/items': () => <Items />,
          '/admin/items/:productId': ({ productId }) => <ItemPage key={productId} productId={productId} />,
          '/admin/import': () => <Imports />,
          '/admin/import/:importId': ({ importId }) => <ImportReport key={importId} importId={importId} />,
          '/admin/auctions': () => <Auctions />,
          '/admin/orders': () => <HouseOrders />,
          '/admin/users': () => <Users />,
          '/admin/users/:userId': ({ userId }) => <UserPage key={userId} userId={userId} />,
          '/admin/audit': () => <Audit />
        }}
        otherwise={<NoSuchPlace />}
      />
    </Places>
  )
}
