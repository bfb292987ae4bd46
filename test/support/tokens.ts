import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { createAuthenticator, type Authenticator } from '@gavel/platform/http/auth.ts'

export type TestTokens = {
  authenticator: Authenticator
  /** An `authorization` header as identity's tokens make it. */
  signIn: (userId: string, role?: 'bidder' | 'admin') => Promise<{ authorization: string }>
}

const issuer = 'https://gavel.dev'
const audience = 'gavel'

/** Tokens of a key of this test's own, and the authenticator that takes them and no others. */
export async function testTokens(): Promise<TestTokens> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' })
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'test', alg: 'EdDSA', use: 'sig' }] })
  return {
    authenticator: createAuthenticator({ keys, issuer, audience }),
    signIn: async (userId, role = 'bidder') => {
      const token = await new SignJWT({ role, email: `${userId}@example.com` })
        .setProtectedHeader({ alg: 'EdDSA', kid: 'test', typ: 'JWT' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(userId)
        .setIssuedAt()
        .setExpirationTime('10 minutes')
        .sign(privateKey)
      return { authorization: `Bearer ${token}` }
    }
  }
}
