import { createRequire } from 'node:module'
import type pgModule from 'pg'

/** Loaded on first use and through `require`, because tracing wraps the driver only then. */
const require = createRequire(import.meta.url)
let loaded: typeof pgModule | undefined
export function loadPg(): typeof pgModule {
  if (loaded) return loaded
  loaded = require('pg') as typeof pgModule
  // Our whole numbers all fit a double: 8-byte integers come as numbers, and sums over them too.
  loaded.types.setTypeParser(loaded.types.builtins.INT8, safeInteger)
  return loaded
}

function safeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value))
    throw new RangeError(`The database answered ${text}, which is too large for a number`)
  return value
}
