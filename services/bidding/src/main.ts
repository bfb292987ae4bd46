import { listen } from '@gavel/platform/http/server.ts'
import { runService } from '@gavel/platform/service.ts'
import { buildApp } from './app.ts'
import { config } from './config.ts'

await runService({
  name: 'bidding',
  config,
  start: async (context, settings) => {
    const { app } = await buildApp(context, settings)
    await listen(app, settings.http)
  }
})
