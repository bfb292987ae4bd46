import { createAuthenticator } from '@gavel/platform/http/auth.ts'
import { listen } from '@gavel/platform/http/server.ts'
import { runService } from '@gavel/platform/service.ts'
import { buildApp, createParts } from './app.ts'
import { healthConfig } from './config.ts'

await runService({
  name: 'health',
  config: () => healthConfig(),
  start: async (context, config) => {
    const parts = createParts(context, config)
    parts.start()
    const auth = createAuthenticator({ ...config.auth, clock: context.clock })
    await listen(buildApp(context, config, auth, parts), config.http)
  }
})
