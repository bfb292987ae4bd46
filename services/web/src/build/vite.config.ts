import { fileURLToPath } from 'node:url'
import { services } from '@gavel/contracts/services.ts'
import react from '@vitejs/plugin-react'
import type { Plugin, UserConfig } from 'vite'
import { builtPages, devTarget, pageSource } from './config.ts'

/**
 * `virtual:operations`: method and path of every operation, by its id. The page gets these two facts from the contracts and leaves the
 * schemas behind: their types it has anyway, and the service checks.
 */
function operationsTable(): Plugin {
  const id = 'virtual:operations'
  const rows = services.flatMap(({ operations }) =>
    operations.map((operation) => [operation.id, [operation.method, operation.path, operation.idempotent ?? false]])
  )
  return {
    name: 'gavel-operations',
    resolveId: (source) => (source === id ? `\0${id}` : undefined),
    load: (source) => (source === `\0${id}` ? `export default ${JSON.stringify(Object.fromEntries(rows))}` : undefined)
  }
}

const proxied = { target: devTarget, ws: true, changeOrigin: true }

/** `npm run pages:dev` serves the sources with hot reload, in front of a platform that runs. */
export default {
  root: pageSource,
  configFile: false,
  plugins: [react(), operationsTable()],
  publicDir: fileURLToPath(new URL('../page/public/', import.meta.url)),
  build: {
    outDir: builtPages,
    emptyOutDir: true,
    target: 'es2023',
    // The policy of the pages allows no `data:` script or style, and a file of its own is kept for good.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(['/api', '/ws', '/docs', '/readyz', '/.well-known'].map((path) => [path, proxied]))
  }
} satisfies UserConfig & { configFile: false }
