import { importJWK, type JWTVerifyGetKey } from 'jose'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import * as api from '@gavel/contracts/api/identity.ts'
import { createAuthenticator } from '@gavel/platform/http/auth.ts'
import { postgresAudit } from '@gavel/platform/audit/postgres.ts'
import { clientAddresses } from '@gavel/platform/http/client-address.ts'
import { createServer, implementAll } from '@gavel/platform/http/server.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import { accessTokens } from './access-tokens.ts'
import { WorkByKey } from './bounded-work.ts'
import type { Config } from './config.ts'
import { addressLockOut } from './domain/lock-out.ts'
import { createKeyRing } from './key-ring.ts'
import type { Dependencies } from './dependencies.ts'
import { createMetrics } from './metrics.ts'
import { createPasswords } from './passwords.ts'
import { changeUserRole } from './routes/change-user-role.ts'
import { endMyOtherSessions } from './routes/end-my-other-sessions.ts'
import { endMySession } from './routes/end-my-session.ts'
import { endUserSessions } from './routes/end-user-sessions.ts'
import { eraseMyAccount } from './routes/erase-my-account.ts'
import { eraseUser } from './routes/erase-user.ts'
import { exportMyData } from './routes/export-my-data.ts'
import { forgotPassword } from './routes/forgot-password.ts'
import { listMySessions } from './routes/list-my-sessions.ts'
import { listUserSessions } from './routes/list-user-sessions.ts'
import { listUsers } from './routes/list-users.ts'
import { lockUser } from './routes/lock-user.ts'
import { logIn } from './routes/log-in.ts'
import { logOut } from './routes/log-out.ts'
import { readKeySet } from './routes/read-key-set.ts'
import { readMyAccount } from './routes/read-my-account.ts'
import { readUser } from './routes/read-user.ts'
import { refresh } from './routes/refresh.ts'
import { register } from './routes/register.ts'
import { requestEmailVerification } from './routes/request-email-verification.ts'
import { resetPassword } from './routes/reset-password.ts'
import { rotateKey } from './routes/rotate-key.ts'
import { unlockUser } from './routes/unlock-user.ts'
import { verifyEmail } from './routes/verify-email.ts'

type AppConfig = Pick<Config, 'http' | 'tokens' | 'keys' | 'load'>

export async function createDependencies(
  context: ServiceContext,
  config: AppConfig,
  pool: Pool
): Promise<Dependencies> {
  const metrics = createMetrics(context)
  const keys = createKeyRing({
    pool,
    log: context.log,
    encryptionKey: Buffer.from(config.keys.encryptionKey.reveal(), 'base64'),
    policy: {
      maxAgeMs: config.keys.maxAgeMs,
      propagationMs: config.keys.propagationMs,
      tokenLifetimeMs: config.tokens.lifetimeMs
    }
  })
  return {
    context,
    pool,
    keys,
    metrics,
    passwords: await createPasswords(metrics, config.load.passwordWaitMaxMs),
    attempts: new WorkByKey({ waitingMax: 64, waitMaxMs: config.load.passwordWaitMaxMs }),
    prepareAccessToken: accessTokens({ keys, ...config.tokens }),
    clientAddress: clientAddresses(config.http.trustedProxies),
    addressPolicy: addressLockOut(config.load.addressFailuresFree)
  }
}

/** identity verifies with its own keys, as they are at that moment; every other service fetches the published set. */
const ownKeys =
  ({ keys, context }: Dependencies): JWTVerifyGetKey =>
  async ({ kid }) => {
    const jwk = (await keys.publicKeys(context.clock())).find((key) => key.kid === kid)
    if (!jwk) throw new Refusal('UNAUTHENTICATED', { detail: 'The access token is signed with an unknown key' })
    return await importJWK(jwk, 'EdDSA')
  }

export function buildApp(dependencies: Dependencies, config: AppConfig): FastifyInstance {
  const { context } = dependencies
  const { issuer, audience } = config.tokens
  const auth = createAuthenticator({ keys: ownKeys(dependencies), issuer, audience, clock: context.clock })
  const app = createServer(context, {
    service: 'identity',
    auth,
    audit: postgresAudit(context, dependencies.pool),
    ...config.http
  })
  implementAll(app, api, {
    register: register(dependencies),
    logIn: logIn(dependencies),
    refresh: refresh(dependencies),
    logOut: logOut(dependencies),
    readMyAccount: readMyAccount(dependencies),
    requestEmailVerification: requestEmailVerification(dependencies),
    verifyEmail: verifyEmail(dependencies),
    forgotPassword: forgotPassword(dependencies),
    resetPassword: resetPassword(dependencies),
    listMySessions: listMySessions(dependencies),
    endMySession: endMySession(dependencies),
    endMyOtherSessions: endMyOtherSessions(dependencies),
    exportMyData: exportMyData(dependencies),
    eraseMyAccount: eraseMyAccount(dependencies),
    listUsers: listUsers(dependencies),
    readUser: readUser(dependencies),
    lockUser: lockUser(dependencies),
    unlockUser: unlockUser(dependencies),
    changeUserRole: changeUserRole(dependencies),
    listUserSessions: listUserSessions(dependencies),
    endUserSessions: endUserSessions(dependencies),
    eraseUser: eraseUser(dependencies),
    readKeySet: readKeySet(dependencies),
    rotateKey: rotateKey(dependencies)
  })
  return app
}
