import table from 'virtual:operations'
import { call } from '../api/call.ts'
import type { AnswerOf, OperationId } from '../api/operations.ts'
import { Problem } from '../api/problem.ts'

/** Listings are read page by page; a person has no more pages than this. */
const pagesMax = 1_000

type Listing = { items?: unknown[]; nextCursor?: string }

async function everyPage(id: OperationId): Promise<unknown> {
  const items: unknown[] = []
  let cursor: string | undefined
  for (let page = 0; page < pagesMax; page += 1) {
    const answer = (await call(id as 'listOrders', { query: { ...(cursor && { cursor }) } })) as Listing
    if (!answer.items) return answer
    items.push(...answer.items)
    cursor = answer.nextCursor
    if (!cursor) break
  }
  return items
}

/** What a service says it does not hold, or does not show to this kind of account, is nothing. */
async function heldAt(path: string): Promise<unknown> {
  const id = Object.keys(table).find((each) => table[each]?.[0] === 'GET' && table[each][1] === path)
  if (!id) return undefined
  try {
    return await everyPage(id as OperationId)
  } catch (error) {
    if (error instanceof Problem && (error.status === 404 || error.status === 403)) return undefined
    throw error
  }
}

/** Everything that is kept of the signed-in person, from each service that keeps any of it. */
export async function collectOwnData(): Promise<AnswerOf<'exportMyData'> & { held: Record<string, unknown> }> {
  const own = await call('exportMyData', {})
  const held: Record<string, unknown> = {}
  for (const path of own.elsewhere) {
    const found = await heldAt(path)
    if (found !== undefined) held[path] = found
  }
  return { ...own, held }
}

export function offerFile(name: string, content: string): void {
  const address = URL.createObjectURL(new Blob([content], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  URL.revokeObjectURL(address)
}
