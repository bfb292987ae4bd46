import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

export interface TestIssuer {
  jwksUrl: string
  /** The environment of a service that trusts this issuer. */
  environment: Record<string, string>
  token(user: { userId: string; role?: 'bidder' | 'admin'; expiresInS?: number }): Promise<string>
  stop(): Promise<void>
}

/** Access tokens as identity makes them, from a key of this test's own, served where a service looks for keys. */
export async function startIssuer(): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const kid = 'test'
  const keySet = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' }] })
  const server = createServer((_request, response) =>
    response.setHeader('content-type', 'application/json').end(keySet)
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
  const issuer = 'https://gavel.test'
  const audience = 'gavel'
  return {
    jwksUrl,
    environment: { JWKS_URL: jwksUrl, TOKEN_ISSUER: issuer, TOKEN_AUDIENCE: audience },
    async token({ userId, role = 'bidder', expiresInS = 600 }) {
      return await new SignJWT({ role, email: `${userId}@example.com` })
        .setProtectedHeader({ alg: 'EdDSA', kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(userId)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + expiresInS)
        .setJti(crypto.randomUUID())
        .sign(privateKey)
    },
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
}
