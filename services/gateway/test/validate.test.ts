import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { services } from '@gavel/contracts/services.ts'
import { installEnvoy } from '@gavel/standalone/backends/envoy.ts'
import { readDirectories } from '@gavel/standalone/config.ts'
import { afterAll, expect, test } from 'vitest'
import { envoyYaml, type GatewayOptions } from '../src/envoy.ts'

const execute = promisify(execFile)
const home = mkdtempSync(join(tmpdir(), 'gavel-validate-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const standalone: GatewayOptions = {
  mode: 'standalone',
  listen: { address: '127.0.0.1', port: 8080 },
  admin: { address: '127.0.0.1', port: 9901 },
  services: Object.fromEntries(
    services.map(({ name, portOffset }) => [name, [{ host: '127.0.0.1', port: 18_100 + portOffset }]])
  ),
  jwks: { issuer: 'https://gavel.dev', audience: 'gavel' }
}
const cluster: GatewayOptions = {
  ...standalone,
  mode: 'cluster',
  listen: { address: '0.0.0.0', port: 8080 },
  services: { bidding: { dns: 'bidding-headless', port: 8080 } },
  monitoring: { address: '0.0.0.0', port: 9902 },
  origins: ['https://shop.example'],
  trustedProxies: 1,
  tracing: { host: 'otel-collector', port: 4318, samplingPercent: 5 },
  accessLog: 'errors'
}

async function certificate(): Promise<NonNullable<GatewayOptions['tls']>> {
  const [certificateFile, privateKeyFile] = [join(home, 'tls.crt'), join(home, 'tls.key')]
  const subject = ['-subj', '/CN=gavel.example', '-days', '1', '-nodes']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  await execute('openssl', ['req', '-x509', ...kind, ...subject, '-out', certificateFile, '-keyout', privateKeyFile])
  return { certificateFile, privateKeyFile }
}

const cases: [string, () => Promise<GatewayOptions>][] = [
  ['of one machine', async () => standalone],
  ['without rate limits and logs', async () => ({ ...standalone, rateLimits: 'off', accessLog: 'off' })],
  ['of a cluster', async () => cluster],
  ['with TLS', async () => ({ ...cluster, tls: await certificate() })]
]

test.each(cases)('Envoy takes the configuration %s, with nothing deprecated in it', async (name, options) => {
  const file = join(home, `${name.replaceAll(' ', '-')}.yaml`)
  writeFileSync(file, envoyYaml(await options()))
  const envoy = await installEnvoy(readDirectories(), () => undefined)
  const { stdout, stderr } = await execute(envoy, ['--mode', 'validate', '-c', file, '--log-level', 'warning'])
  expect(stdout + stderr).toContain('OK')
  expect(stdout + stderr).not.toMatch(/deprecated|\[warning\]/i)
})
