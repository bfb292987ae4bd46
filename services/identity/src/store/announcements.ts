import { randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'
import {
  AccountErased,
  ContactChanged,
  ContactErased,
  SigningKeyRequested,
  UserRegistered
} from '@gavel/contracts/events/identity.ts'
import { contacts, users } from '@gavel/contracts/topics.ts'
import { appendToOutbox } from '@gavel/platform/postgres/outbox.ts'
import type { StoredAccount } from './accounts.ts'

const about = (userId: string, time: number) =>
  ({ key: userId, id: randomUUID(), source: 'identity', subject: userId, time }) as const

/** In the transaction that makes the account, so that neither is without the other. Who it is of goes where it can be taken back. */
export async function announceAccount(client: PoolClient, account: StoredAccount): Promise<void> {
  const { userId, email, displayName, role, registeredAt } = account
  await appendToOutbox(client, users, [
    { definition: UserRegistered, data: { userId, role, registeredAt }, ...about(userId, registeredAt) }
  ])
  await appendToOutbox(client, contacts, [
    { definition: ContactChanged, data: { userId, email, displayName, registeredAt }, ...about(userId, registeredAt) }
  ])
}

/** In the transaction that erases. */
export async function announceErasure(client: PoolClient, userId: string, erasedAt: number): Promise<void> {
  const data = { userId, erasedAt }
  await appendToOutbox(client, contacts, [{ definition: ContactErased, data, ...about(userId, erasedAt) }])
  await appendToOutbox(client, users, [{ definition: AccountErased, data, ...about(userId, erasedAt) }])
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
