import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import * as api from '@gavel/contracts/api/payment.ts'
import type { HttpConfig } from '@gavel/platform/config.ts'
import type { Authenticator } from '@gavel/platform/http/auth.ts'
import { createServer, implementAll } from '@gavel/platform/http/server.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { PaymentProvider } from './provider/port.ts'
import { readPaymentMethodRoute } from './routes/read-payment-method.ts'
import { readPaymentRoute } from './routes/read-payment.ts'
import { storePaymentMethodRoute } from './routes/store-payment-method.ts'

export interface AppParts {
  context: ServiceContext
  http: Omit<HttpConfig, 'host' | 'port'>
  auth: Authenticator
  pool: Pool
  provider: PaymentProvider
}

export function buildApp({ context, http, auth, pool, provider }: AppParts): FastifyInstance {
  const app = createServer(context, { service: 'payment', auth, ...http })
  implementAll(app, api, {
    storePaymentMethod: storePaymentMethodRoute({ pool, provider }),
    readPaymentMethod: readPaymentMethodRoute({ pool }),
    readPayment: readPaymentRoute({ pool })
  })
  return app
}
