import type { FastifyInstance } from 'fastify'
import * as api from '@gavel/contracts/api/notification.ts'
import type { HttpConfig } from '@gavel/platform/config.ts'
import type { Authenticator } from '@gavel/platform/http/auth.ts'
import { createServer, implementAll } from '@gavel/platform/http/server.ts'
import { webSocketRoute } from '@gavel/platform/http/web-socket.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import { serveLive, type LiveParts } from './live/session.ts'
import type { MailDefaults } from './domain/mail.ts'
import { listNotificationsRoute } from './routes/list-notifications.ts'
import { changeMailSettingsRoute, readMailSettingsRoute } from './routes/mail-settings.ts'
import { readNotificationRoute } from './routes/read-notification.ts'
import type { Collections } from './store/documents.ts'

export interface AppParts {
  context: ServiceContext
  http: Omit<HttpConfig, 'host' | 'port'>
  auth: Authenticator
  collections: Collections
  live: LiveParts
  mailDefaults: () => MailDefaults
}

export function buildApp({ context, http, auth, collections, live, mailDefaults }: AppParts): FastifyInstance {
  const app = createServer(context, { service: 'notification', auth, ...http })
  implementAll(app, api, {
    listNotifications: listNotificationsRoute(collections),
    readNotification: readNotificationRoute(collections),
    readMailSettings: readMailSettingsRoute(collections, mailDefaults),
    changeMailSettings: changeMailSettingsRoute(collections)
  })
  webSocketRoute(
    app,
    '/ws/live',
    { authenticate: 'optional', maxPayloadBytes: 4 * 1024, messagesPerMinute: 600 },
    (socket, connection) => serveLive(socket, connection, live)
  )
  return app
}
