import { listen } from '@gavel/platform/http/server.ts'
import { runService } from '@gavel/platform/service.ts'
import { buildApp, createWatch } from './app.ts'
import { healthConfig } from './config.ts'

await runService({
  name: 'health',
  config: () => healthConfig(),
  start: async (context, config) => {
    const watch = createWatch(context, config)
    watch.start()
    await listen(buildApp(context, config, watch), config.http)
  }
})
