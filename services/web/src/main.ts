import { listen } from '@gavel/platform/http/server.ts'
import { runService } from '@gavel/platform/service.ts'
import { buildApp } from './app.ts'
import { webConfig } from './config.ts'

await runService({
  name: 'web',
  config: () => webConfig(),
  start: async (context, config) => {
    await listen(buildApp(context, config), config.http)
  }
})
