import type { MailSettings } from '@gavel/contracts/api/notification.ts'
import { mailSettingsOf, type MailDefaults } from '../domain/mail.ts'
import type { Collections } from './documents.ts'

export async function readMailSettings(
  { mailSettings }: Collections,
  userIds: readonly string[],
  defaults: MailDefaults
): Promise<(userId: string) => MailSettings> {
  const ids = [...new Set(userIds)]
  const chosen = await mailSettings.find({ _id: { $in: ids } }).toArray()
  const byId = new Map(chosen.map(({ _id, ...settings }) => [_id, settings]))
  return (userId) => mailSettingsOf(byId.get(userId) ?? {}, defaults)
}

export async function storeMailSettings(
  { mailSettings }: Collections,
  userId: string,
  settings: MailSettings
): Promise<void> {
  await mailSettings.replaceOne({ _id: userId }, settings, { upsert: true })
}
