import type {
  changeMailSettings as changeOperation,
  readMailSettings as readOperation
} from '@gavel/contracts/api/notification.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { MailDefaults } from '../domain/mail.ts'
import type { Collections } from '../store/documents.ts'
import { readMailSettings, storeMailSettings } from '../store/mail-settings.ts'

export const readMailSettingsRoute =
  (collections: Collections, defaults: () => MailDefaults): Handler<typeof readOperation> =>
  async ({ user }) => {
    const settingsOf = await readMailSettings(collections, [user.userId], defaults())
    return { status: 200, body: settingsOf(user.userId) }
  }

export const changeMailSettingsRoute =
  (collections: Collections): Handler<typeof changeOperation> =>
  async ({ body, user }) => {
    await storeMailSettings(collections, user.userId, body)
    return { status: 200, body }
  }
