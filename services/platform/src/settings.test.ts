import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { createLog } from './log.ts'
import { createMetrics } from './metrics.ts'
import { followSettings, Settings, settingsParser } from './settings.ts'

/** A folder as the kubelet mounts a ConfigMap: the file is a link through `..data`, which is swapped whole. */
class Mounted {
  readonly folder = mkdtempSync(join(tmpdir(), 'gavel-settings-'))
  readonly file = join(this.folder, 'settings.json')
  #versions = 0

  constructor(text: string) {
    this.swap(text)
    symlinkSync(join('..data', 'settings.json'), this.file)
  }

  swap(text: string): void {
    this.#versions += 1
    const version = `..version-${this.#versions}`
    mkdirSync(join(this.folder, version))
    writeFileSync(join(this.folder, version, 'settings.json'), text)
    symlinkSync(version, join(this.folder, '..data_tmp'))
    renameSync(join(this.folder, '..data_tmp'), join(this.folder, '..data'))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

let mounted: Mounted
let following: { stop: () => void }
let lines: { message: string; level: string; [member: string]: unknown }[]
const open = (text: string, pollMs = 50) => {
  mounted = new Mounted(text)
  lines = []
  const settings = new Settings()
  const metrics = createMetrics('x')
  const log = createLog({
    service: 'x',
    destination: { write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[0]) }
  })
  following = followSettings(settings, {
    file: mounted.file,
    pollMs,
    features: ['mailOutbid'],
    log,
    logLevel: 'info',
    metrics
  })
  const told = async (message: string, count = 1): Promise<(typeof lines)[0]> =>
    await eventually(() => lines.filter((line) => line.message === message)[count - 1], { everyMs: 10, what: message })
  return { settings, metrics, log, told }
}

beforeEach(() => {
  following = { stop: () => undefined }
})
afterEach(() => {
  following.stop()
  mounted.remove()
})

describe('settings', () => {
  it('are applied as they stand, and again whenever the mounted file is swapped', async () => {
    const { settings, log, metrics, told } = open('{"features":{"mailOutbid":true}}')
    const child = log.child({ part: 'a' })
    await told('Settings applied')
    expect([settings.feature('mailOutbid', false), log.level]).toEqual([true, 'info'])
    mounted.swap('{"logLevel":"debug","rateLimits":{"webSocketMessagesPerMinute":60}}')
    const { sha256 } = await told('Settings applied', 2)
    expect(settings.feature('mailOutbid', false)).toBe(false)
    expect(settings.values.rateLimits).toEqual({ webSocketMessagesPerMinute: 60 })
    // A child that was made long before as well as one made now.
    expect([child.level, child.child({}).level, log.isLevelEnabled('debug')]).toEqual(['debug', 'debug', true])
    expect(await metrics.metrics()).toContain(`settings_applied_info{sha256="${String(sha256)}",service="x"} 1`)
    mounted.swap('')
    await told('Settings applied', 3)
    expect([child.level, settings.values]).toEqual(['info', {}])
  })

  it.each([
    ['no JSON', '{"logLevel":'],
    ['a level that is none', '{"logLevel":"loud"}'],
    ['a switch that this service does not have', '{"features":{"sellEverything":true}}'],
    ['a limit below one', '{"rateLimits":{"webSocketMessagesPerMinute":0}}'],
    ['something unknown beside what is right', '{"logLevel":"debug","password":"x"}']
  ])('a file with %s changes nothing, and is told', async (_name, text) => {
    const { settings, log, metrics, told } = open('{"features":{"mailOutbid":true}}')
    await told('Settings applied')
    mounted.swap(text)
    const line = await told('The settings are wrong and change nothing')
    expect(line).toMatchObject({ level: 'error', file: mounted.file })
    expect([settings.feature('mailOutbid', false), log.level]).toEqual([true, 'info'])
    expect(await metrics.metrics()).toContain('settings_loads_total{outcome="refused",service="x"} 1')
  })

  it('hold when their file is taken away, and are followed again when it is back', async () => {
    const { settings, told } = open('{"features":{"mailOutbid":true}}')
    await told('Settings applied')
    mounted.remove()
    await told('The file of settings cannot be read: what was applied last holds')
    expect(settings.feature('mailOutbid', false)).toBe(true)
    mkdirSync(mounted.folder)
    writeFileSync(mounted.file, '{"features":{"mailOutbid":false}}')
    await told('Settings applied', 2)
    expect(settings.feature('mailOutbid', true)).toBe(false)
  })

  it('of an empty file are none', () => {
    expect(settingsParser([])('\n')).toEqual({})
  })
})
