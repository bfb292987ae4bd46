import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startEnvoy } from '@gavel/standalone/backends/envoy.ts'
import { readDirectories } from '@gavel/standalone/config.ts'
import { freePort } from '@gavel/standalone/ports.ts'
import { aContext } from '../src/controllers/platform/a-platform.ts'
import { gatewayConfigMap, gatewayDeployment } from '../src/controllers/platform/resources/gateway.ts'
import { eventually } from '../../test/support/eventually.ts'

/** In a pod the ports are its own; here several Envoys share one machine. */
async function onFreePorts() {
  const ports = new Map<string, number>()
  for (const port of ['8080', '9901', '9902']) ports.set(port, await freePort())
  return {
    ports,
    moved: (text: string) => text.replace(/\b(8080|9901|9902)\b/g, (port) => String(ports.get(port)))
  }
}

test('a real Envoy takes the ConfigMap, and the hook before its end takes readiness away and asks connections to close', async () => {
  const context = aContext()
  const { ports, moved } = await onFreePorts()
  const home = mkdtempSync(join(tmpdir(), 'gavel-platform-gateway-'))
  const configurationFile = join(home, 'envoy.yaml')
  const { 'envoy.yaml': configuration = '' } = gatewayConfigMap(context).object['data'] as Record<string, string>
  writeFileSync(configurationFile, moved(configuration))
  const port = ports.get('8080') ?? 0
  const envoy = await startEnvoy({
    directories: { ...readDirectories(), data: home, logs: home },
    port,
    configurationFile
  })
  try {
    const ready = async () => (await fetch(`http://127.0.0.1:${ports.get('9902')}/ready`)).status
    const answer = async () => (await fetch(`http://127.0.0.1:${port}/no-such-page`)).headers.get('connection')
    await eventually(async () => (await ready()) === 200)
    expect(await answer()).not.toBe('close')
    const { spec } = gatewayDeployment(context).object as unknown as {
      spec: { template: { spec: { containers: { lifecycle: { preStop: { exec: { command: string[] } } } }[] } } }
    }
    const [shell = '', option = '', script = ''] =
      spec.template.spec.containers[0]?.lifecycle.preStop.exec.command ?? []
    await promisify(execFile)(shell, [option, moved(script).replace(/sleep \d+$/, 'true')])
    expect(await ready()).toBe(503)
    await eventually(async () => (await answer()) === 'close')
    expect(envoy.hasExited()).toBe(false)
  } finally {
    await envoy.stop()
    rmSync(home, { recursive: true, force: true })
  }
})
