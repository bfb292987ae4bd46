import type { Import } from '@gavel/contracts/api/catalog.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Pool } from '@gavel/platform/postgres/pool.ts'
import { readImport } from '../store/imports/read-imports.ts'

export async function importNamed(pool: Pool, importId: string): Promise<Import> {
  const known = await readImport(pool, importId)
  if (!known) throw new Refusal('IMPORT_NOT_FOUND', { importId })
  return known
}
