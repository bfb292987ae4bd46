import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { KubeClient } from '../src/kube/client.ts'
import { aSpec, vaultSpec } from '../src/controllers/platform/a-platform.ts'
import {
  platform as platformKind,
  type PlatformResource,
  type PlatformSpec
} from '../src/controllers/platform/types.ts'
import { startApiServer, type ApiServer } from '../../test/cluster/api-server.ts'
import { applyCrds } from './apply-crds.ts'

describe('what the API server takes for a Platform', () => {
  let api: ApiServer
  let client: KubeClient

  beforeAll(async () => {
    api = await startApiServer({
      binaries: inject('kubernetesBinaries'),
      directory: inject('temporaryDirectory') + '/platform-rules'
    })
    client = new KubeClient(api.config)
    await applyCrds(client)
  })
  afterAll(async () => await api.stop())

  const apply = (spec: Partial<PlatformSpec>) =>
    client.apply<PlatformResource>(
      platformKind,
      { metadata: { namespace: 'default', name: 'gavel' }, spec: aSpec(spec) },
      'test'
    )

  test('of Vault the address and the proof are enough: the API server fills in the rest', async () => {
    const { spec } = await apply(vaultSpec)
    expect(spec.vault).toEqual({
      address: 'https://vault.vault.svc:8200',
      mount: 'secret',
      kubernetes: { role: 'gavel-{service}', mount: 'kubernetes', audience: 'vault' },
      refreshSeconds: 60
    })
  })

  test.each<[string, Partial<PlatformSpec>, RegExp]>([
    ['a service that does not exist', { services: { auctioneer: { replicas: 1 } } }, /services may only name/],
    [
      'a template without its Secret',
      { backends: { ...aSpec().backends, redis: { secretRef: { name: 'r' }, urlTemplate: 'redis://r' } } },
      /urlTemplate/
    ],
    ['a version that cannot be a label', { version: 'not a version' }, /version/],
    [
      'a secret in two places',
      { ...vaultSpec, mail: { secretRef: { name: 'mail', vaultPath: 'mail' } } },
      /give name or vaultPath, and not both/
    ],
    ['a secret nowhere', { mail: { secretRef: { key: 'url' } } }, /give name or vaultPath, and not both/],
    ...[
      { mail: vaultSpec.mail },
      { bidding: vaultSpec.bidding! },
      { payment: vaultSpec.payment },
      { identity: { ...aSpec().identity, adminSecretRef: { vaultPath: 'admin' } } },
      { backends: { ...aSpec().backends, redis: { secretRef: { vaultPath: 'redis' } } } }
    ].map((spec): [string, Partial<PlatformSpec>, RegExp] => [
      `a path in Vault without Vault, of ${Object.keys(spec)[0]}`,
      spec,
      /vaultPath needs vault/
    ]),
    [
      'a path in Vault that cannot be one',
      { ...vaultSpec, mail: { secretRef: { vaultPath: 'mail#url' } } },
      /vaultPath/
    ],
    [
      'Vault without a proof of who asks',
      { vault: { address: 'https://vault' } },
      /give kubernetes or tokenSecretRef, and not both/
    ],
    [
      'an authority for an address without TLS',
      { vault: { address: 'http://vault', kubernetes: {}, caConfigMapRef: { name: 'ca' } } },
      /caConfigMapRef needs an address with https/
    ]
  ])('the API server refuses %s', async (_what, spec, message) => {
    await expect(apply(spec)).rejects.toThrow(message)
  })
})
