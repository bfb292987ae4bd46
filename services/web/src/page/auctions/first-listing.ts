/** What the first page asks for before anything is chosen. Whoever sends the page says so ahead, in the same words. */
export const firstListing = { status: 'open', limit: 24 } as const
