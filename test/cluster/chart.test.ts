import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { readDirectories } from '@gavel/standalone/config.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { chart, external, inVault, rendered, shapes, type Rendered } from './chart-shapes.ts'
import { helmBinary } from './cluster-binaries.ts'

/** The chart as it renders, without a cluster. What an API server says to it is in chart-strict and in the journey. */
const execute = promisify(execFile)
let helm: string

beforeAll(async () => {
  helm = await helmBinary(readDirectories().cache, (line) => console.error(`  ${line}`))
}, 900_000)

const render = async (values: Record<string, string>): Promise<Rendered[]> =>
  parseAllDocuments(await rendered(helm, values)).flatMap((document) => (document.toJS() as Rendered | null) ?? [])

interface Container {
  name: string
  image: string
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> }
  securityContext?: Record<string, unknown>
}

interface PodSpec {
  containers: Container[]
  initContainers?: Container[]
  securityContext?: Record<string, unknown>
  hostNetwork?: boolean
  volumes?: Record<string, unknown>[]
}

const podsOf = (objects: Rendered[]): { of: string; pod: PodSpec }[] =>
  objects.flatMap(({ kind, metadata, spec }) => {
    const template = kind === 'Pod' ? { spec } : (spec?.['template'] as { spec?: unknown } | undefined)
    return template?.spec === undefined ? [] : [{ of: `${kind}/${metadata.name}`, pod: template.spec as PodSpec }]
  })

test('helm lint has nothing to say', async () => {
  const { stdout } = await execute(helm, ['lint', '--strict', chart])
  expect(stdout).toContain('0 chart(s) failed')
})

describe.each(Object.entries(shapes))('the chart %s', (_name, values) => {
  test('has only restricted pods, with limits and with images of a version', async () => {
    const pods = podsOf(await render(values))
    expect(pods.length).toBeGreaterThan(1)
    for (const { of, pod } of pods) {
      expect(pod.securityContext, of).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
      expect(pod.hostNetwork, of).toBeUndefined()
      expect(
        (pod.volumes ?? []).filter((volume) => 'hostPath' in volume),
        of
      ).toEqual([])
      for (const { name, image, resources, securityContext } of [...pod.containers, ...(pod.initContainers ?? [])]) {
        expect(securityContext, `${of} ${name}`).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          capabilities: { drop: ['ALL'] },
          seccompProfile: { type: 'RuntimeDefault' }
        })
        expect(resources?.limits?.['memory'], `${of} ${name}`).toBeTruthy()
        expect(resources?.requests?.['cpu'], `${of} ${name}`).toBeTruthy()
        expect(image, of).toMatch(/:[^:/]+$/)
        expect(image, of).not.toMatch(/:latest$|bitnami/i)
      }
    }
  })

  test('asks for no right over everything', async () => {
    const rules = (await render(values)).flatMap((object) => object.rules ?? [])
    expect(rules.length).toBeGreaterThan(5)
    expect(
      rules.filter(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs].includes('*'))
    ).toEqual([])
  })

  test('renders the same again, but for what it makes up', async () => {
    const named = async (): Promise<string[]> =>
      (await render(values)).map(({ kind, metadata }) => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`)
    const names = await named()
    expect(await named()).toEqual(names)
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('secrets in Vault', () => {
  test('are named in the Platform, and the chart makes none', async () => {
    const objects = await render(inVault)
    expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([])
    expect(objects.find(({ kind }) => kind === 'Platform')?.spec).toMatchObject({
      vault: {
        address: 'https://vault.vault.svc:8200',
        mount: 'secret',
        kubernetes: { role: 'gavel-{service}', mount: 'kubernetes', audience: 'vault' },
        caConfigMapRef: { name: 'vault-ca' },
        refreshSeconds: 60
      },
      backends: { postgres: { secretRef: { vaultPath: 'gavel/{service}/postgres' } } },
      identity: {
        keyEncryptionSecretRef: { vaultPath: 'gavel/identity' },
        adminSecretRef: { vaultPath: 'gavel/admin' }
      },
      bidding: { sealingKeySecretRef: { vaultPath: 'gavel/bidding' } },
      payment: { provider: { secretRef: { vaultPath: 'gavel/payment' } } },
      mail: { secretRef: { vaultPath: 'gavel/mail' } }
    })
  })

  test('may stand beside Secrets, and a token beside no role', async () => {
    const objects = await render({ 'vault.address': 'http://vault', 'vault.tokenSecret': 't', 'mail.vaultPath': 'm' })
    const spec = objects.find(({ kind }) => kind === 'Platform')?.spec
    expect(spec?.['vault']).toEqual({
      address: 'http://vault',
      mount: 'secret',
      tokenSecretRef: { name: 't' },
      refreshSeconds: 60
    })
    expect(spec).toMatchObject({
      mail: { secretRef: { vaultPath: 'm' } },
      identity: { keyEncryptionSecretRef: { name: 'gavel-identity' } }
    })
  })

  test('need an address, and are in one place', async () => {
    await expect(render({ 'mail.vaultPath': 'gavel/mail' })).rejects.toThrow('vault.address must say where Vault is')
    await expect(render({ ...inVault, 'mail.existingSecret': 'mail' })).rejects.toThrow(/\/mail/)
  })
})

test('another version starts no backend again', async () => {
  const templates = async (tag: string): Promise<unknown[]> =>
    (await render({ 'image.tag': tag }))
      .filter(({ kind, metadata }) => kind === 'StatefulSet' && !/provider|mailbox/.test(metadata.name))
      .map(({ spec }) => spec)
  const before = await templates('1.0.0')
  expect(before).toHaveLength(4)
  expect(await templates('2.0.0')).toEqual(before)
})

describe('rights', () => {
  const kindsOf = async (scope: string): Promise<string[]> =>
    (await render({ 'operator.scope': scope }))
      .filter(({ metadata }) => !metadata.annotations?.['helm.sh/hook'])
      .map(({ kind }) => kind)

  test('in its own namespace alone when it looks after that alone', async () => {
    const kinds = await kindsOf('namespace')
    expect(kinds).toContain('Role')
    expect(kinds.filter((kind) => kind.startsWith('Cluster'))).toEqual([])
  })

  test('over the cluster only where that is asked for', async () => {
    expect(await kindsOf('cluster')).toEqual(expect.arrayContaining(['ClusterRole', 'ClusterRoleBinding']))
  })
})

test.each([
  ['a tag that moves', { 'image.tag': 'latest' }, /image.*tag|\/image\/tag/],
  ['a mode there is not', { 'backends.mode': 'cloud' }, /\/backends\/mode/],
  ['a misspelt value', { 'operater.replicas': '2' }, /operater/],
  ['backends of one’s own that are not said', { 'backends.mode': 'external' }, /\/backends\/external/],
  ['a payment provider without its key', { ...external, 'payment.existingSecret': '' }, /payment\.existingSecret/]
])('%s is refused', async (_what, values, why) => {
  await expect(render(values)).rejects.toThrow(why)
})
