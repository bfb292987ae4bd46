import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

export const issuer = 'https://gavel.dev'
export const audience = 'gavel'

export type TokenIssuer = {
  /** Where the key set is served, as identity would. */
  port: number
  jwksUrl: string
  tokenFor(userId: string, role: 'bidder' | 'admin'): Promise<string>
  close(): Promise<void>
}

/** Stands in for identity: real tokens of many bidders without a password hash for each. */
export async function startTokenIssuer(): Promise<TokenIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const kid = 'load'
  const keySet = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' }] })
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(keySet)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    jwksUrl: `http://127.0.0.1:${port}/.well-known/jwks.json`,
    tokenFor: (userId, role) =>
      new SignJWT({ role, email: `${userId}@load.example` })
        .setProtectedHeader({ alg: 'EdDSA', kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(userId)
        .setJti(userId)
        .setIssuedAt()
        .setExpirationTime('2h')
        .sign(privateKey),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
