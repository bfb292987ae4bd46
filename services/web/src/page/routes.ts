/**
 * Every address of the pages. A view is drawn at an address that stands here and nowhere else (`Views` takes one for each, no more and no
 * less), and a test opens all of them.
 */
export const openRoutes = [
  '/',
  '/auctions',
  '/auctions/:auctionId',
  '/items',
  '/account/sign-in',
  '/account/register',
  '/account/forgot-password',
  '/account/reset-password',
  '/account/verify-email'
] as const

export const accountRoutes = [
  '/account',
  '/account/bids',
  '/account/watches',
  '/account/orders',
  '/account/orders/:orderNumber',
  '/account/card',
  '/account/notifications',
  '/account/security'
] as const

export const adminRoutes = [
  '/admin',
  '/admin/items',
  '/admin/items/:productId',
  '/admin/import',
  '/admin/import/:importId',
  '/admin/auctions',
  '/admin/orders',
  '/admin/users',
  '/admin/users/:userId',
  '/admin/audit'
] as const

export const operationsRoutes = [
  '/operations',
  '/operations/sagas',
  '/operations/sagas/:orderNumber',
  '/operations/dead-letters',
  '/operations/logs',
  '/operations/events',
  '/operations/replay',
  '/operations/search',
  '/operations/reconciliation'
] as const

/** `{ orderNumber: string }` of `/account/orders/:orderNumber`. */
export type ParamsOf<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Record<Name, string> & ParamsOf<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Record<Name, string>
    : Record<never, string>
