import type { FastifyInstance } from 'fastify'
import * as api from '@gavel/contracts/api/logs.ts'
import type { HttpConfig } from '@gavel/platform/config.ts'
import type { Authenticator } from '@gavel/platform/http/auth.ts'
import { createServer, implementAll } from '@gavel/platform/http/server.ts'
import { webSocketRoute } from '@gavel/platform/http/web-socket.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import { serveTrace } from './live/serve-trace.ts'
import type { TraceLimits } from './live/trace.ts'
import type { TraceHub } from './live/trace-hub.ts'
import { listLogsRoute } from './routes/list-logs.ts'
import type { Lines } from './store/lines.ts'

export interface AppParts {
  context: ServiceContext
  http: Omit<HttpConfig, 'host' | 'port'>
  auth: Authenticator
  lines: Lines
  hub: TraceHub
  traces: TraceLimits & { max: number }
}

export function buildApp({ context, http, auth, lines, hub, traces }: AppParts): FastifyInstance {
  const app = createServer(context, { service: 'logs', auth, ...http })
  implementAll(app, api, { listLogs: listLogsRoute(lines) })
  webSocketRoute(
    app,
    '/ws/logs',
    {
      authenticate: 'required',
      role: 'admin',
      maxPayloadBytes: 4096,
      messagesPerMinute: 120,
      maxConnections: traces.max
    },
    (socket, connection) => serveTrace(socket, connection, { hub, limits: traces })
  )
  return app
}
