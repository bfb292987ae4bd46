import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { readDirectories, repository } from '@gavel/standalone/config.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApiServer, type ApiServer } from './api-server.ts'
import { rendered, shapes } from './chart-shapes.ts'
import { helmBinary } from './cluster-binaries.ts'
import { go } from './go.ts'
import { kubernetesBinaries } from './kubernetes-binaries.ts'

/**
 * Every object of the chart and the overlays as a real API server takes it: each field known, each value valid, each rule of the definitions
 * kept. The definitions of others are those that they publish, out of their Go modules.
 */
const execute = promisify(execFile)
const { cache } = readDirectories()
const home = mkdtempSync(join(tmpdir(), 'gavel-strict-'))
const log = (line: string): void => console.error(`  ${line}`)
const others = [
  { module: 'sigs.k8s.io/gateway-api@v1.3.0', folder: 'config/crd/standard', files: /_httproutes\.yaml$/ },
  {
    module: 'github.com/cloudnative-pg/cloudnative-pg@v1.26.1',
    folder: 'config/crd/bases',
    files: /_(clusters|databases)\.yaml$/
  },
  { module: 'github.com/mongodb/mongodb-kubernetes-operator@v0.13.0', folder: 'config/crd/bases', files: /\.yaml$/ },
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    folder: 'example/prometheus-operator-crd',
    files: /_(podmonitors|prometheusrules)\.yaml$/
  }
]
let api: ApiServer
let kubectl: string
let helm: string

beforeAll(async () => {
  const binaries = await kubernetesBinaries({ cache, log })
  kubectl = binaries.kubectl
  helm = await helmBinary(cache, log)
  api = await startApiServer({ binaries, directory: join(home, 'api') })
  const own = join(repository, 'operator', 'crds')
  const definitions = readdirSync(own).map((file) => join(own, file))
  for (const { module, folder, files } of others) {
    const { Dir } = JSON.parse(await go(['mod', 'download', '-json', module], home)) as { Dir: string }
    const published = readdirSync(join(Dir, folder)).filter((file) => files.test(file))
    definitions.push(...published.map((file) => join(Dir, folder, file)))
  }
  await given(definitions.map((file) => readFileSync(file, 'utf8')).join('\n---\n'), ['--server-side'])
  await execute(kubectl, ['--kubeconfig', api.kubeconfig, 'wait', '--for=condition=Established', 'crd', '--all'])
  for (const name of ['auctions', 'gavel']) {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    await given(JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }))
  }
}, 1_200_000)

afterAll(async () => {
  await api?.stop()
  rmSync(home, { recursive: true, force: true })
})

/** `kubectl apply -f -`, strictly; what it says when it is not taken is the error. */
async function given(objects: string, more: string[] = []): Promise<string> {
  const args = ['--kubeconfig', api.kubeconfig, 'apply', '--validate=strict', ...more, '-f', '-']
  const child = spawn(kubectl, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(objects)
  const [said, wrong, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('exit', resolve))
  ])
  if (code !== 0) throw new Error(wrong)
  return said
}
const inNamespace = (objects: string): string => objects.replaceAll('metadata: {', 'metadata: { namespace: auctions,')
const asked = (objects: string): Promise<string> => given(objects, ['--dry-run=server'])

describe('under strict validation by the API server', () => {
  test.each(Object.entries(shapes))('the chart %s is taken', async (_name, values) => {
    const objects = await rendered(helm, values)
    const count = objects.match(/^kind: /gm)?.length ?? 0
    expect((await asked(objects)).trim().split('\n')).toHaveLength(count)
    expect(count).toBeGreaterThan(10)
  })

  test.each(['dev', 'production'])('the overlay %s is taken', async (overlay) => {
    const { stdout } = await execute(
      kubectl,
      [
        'kustomize',
        '--enable-helm',
        `--helm-command=${helm}`,
        '--load-restrictor=LoadRestrictionsNone',
        join(repository, 'k8s/overlays', overlay)
      ],
      { maxBuffer: 64e6 }
    )
    expect(await asked(stdout)).toContain('platform.gavel.dev/gavel')
  })

  test('what the guide says of backends of one’s own is taken by their definitions, and by the chart', async () => {
    const guide = readFileSync(join(repository, 'docs/deploy.md'), 'utf8')
    const blocks = [...guide.matchAll(/```yaml\n([\s\S]+?)```/g)].map(([, block = '']) => block)
    // Strimzi publishes its definitions in no Go module.
    const objects = blocks.filter((block) => block.startsWith('apiVersion:') && !block.includes('strimzi.io'))
    expect(objects).toHaveLength(2)
    for (const block of objects) expect(await asked(inNamespace(block))).toMatch(/created/)
    const values = blocks.filter((block) => block.startsWith('backends:'))
    expect(values).toHaveLength(4)
    const files = values.flatMap((block, at) => {
      const file = join(home, `values-${at}.yaml`)
      writeFileSync(file, block)
      return ['--values', file]
    })
    expect(await asked(await rendered(helm, shapes['with backends of one’s own'] ?? {}, files))).toContain('platform')
  })

  test('a field that is not known, and a value that cannot be, are refused', async () => {
    const objects = await rendered(helm, shapes['with everything switched on'] ?? {})
    await expect(asked(objects.replace('  pathType: ', '  pathTypo: '))).rejects.toThrow(/pathTypo|unknown field/)
    await expect(asked(objects.replace('  podMetricsEndpoints:', '  podMetricEndpoints:'))).rejects.toThrow(
      /podMetricEndpoints|unknown field/
    )
  })
})
