import { serviceNamed } from '@gavel/contracts/services.ts'
import { settingsParser } from '@gavel/platform/settings.ts'
import { expect, test } from 'vitest'
import { aContext } from '../a-platform.ts'
import { serviceDeployment, serviceSettings } from './workload.ts'

test('settings reach the pods that run: they change an object that is mounted, and nothing of a pod', () => {
  const order = serviceNamed('order')
  const settings = { logLevel: 'debug', features: { mailOutbid: true } } as const
  const [before, after] = [aContext(), aContext({ services: { order: { settings } } })]
  const data = { 'settings.json': JSON.stringify(settings) }
  expect(serviceSettings(before, order).object).toMatchObject({ data: { 'settings.json': '{}' } })
  expect(serviceSettings(after, order).object).toMatchObject({ metadata: { name: 'order-settings' }, data })
  expect(serviceDeployment(after, order)).toEqual(serviceDeployment(before, order))
  // The service takes what the custom resource may hold.
  expect(settingsParser(['mailOutbid'])(data['settings.json'])).toEqual(settings)
})
