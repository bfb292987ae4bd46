import { randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'
import { SigningKeyRequested, UserRegistered } from '@gavel/contracts/events/identity.ts'
import { users } from '@gavel/contracts/topics.ts'
import { appendToOutbox } from '@gavel/platform/postgres/outbox.ts'
import { withoutHash, type StoredAccount } from './accounts.ts'

/** In the transaction that makes the account, so that neither is without the other. */
export async function announceAccount(client: PoolClient, account: StoredAccount): Promise<void> {
  await appendToOutbox(client, users, [
    {
      definition: UserRegistered,
      key: account.userId,
      data: withoutHash(account),
      id: randomUUID(),
      source: 'identity',
      subject: account.userId,
      time: account.registeredAt
    }
  ])
}

/** The audit of what an admin did. */
export async function announceRequestedKey(
  client: PoolClient,
  key: { kid: string; signsFrom: number; publishedAt: number },
  changedBy: string
): Promise<void> {
  await appendToOutbox(client, users, [
    {
      definition: SigningKeyRequested,
      key: changedBy,
      data: { kid: key.kid, signsFrom: key.signsFrom, changedBy, changedAt: key.publishedAt },
      id: randomUUID(),
      source: 'identity',
      subject: key.kid,
      time: key.publishedAt
    }
  ])
}
