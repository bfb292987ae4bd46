import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { services } from '@gavel/contracts/services.ts'
import { readDirectories, repository } from '@gavel/standalone/config.ts'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { closureOf } from '../../scripts/images/closure.ts'
import { nodeShapes } from '../../scripts/images/node-images.ts'
import { helmBinary, tiltfileBinary } from './cluster-binaries.ts'
import { go } from './go.ts'
import { kubernetesBinaries } from './kubernetes-binaries.ts'

/**
 * What `tilt up` and `skaffold dev` are told. Neither program runs here: the Tiltfile runs in Tilt's language with Tilt's own functions
 * stubbed, and skaffold.yaml is read by the schema of its version.
 */
const execute = promisify(execFile)
const { cache } = readDirectories()
const log = (line: string): void => console.error(`  ${line}`)
const wanted = nodeShapes.map(({ name }) => `ghcr.io/gavel-dev/gavel-${name}`).toSorted()

interface Call {
  function: string
  positions: unknown[]
  names: Record<string, unknown>
}

async function calls(): Promise<Call[]> {
  const { stdout } = await execute(await tiltfileBinary(cache, log), [join(repository, 'Tiltfile')])
  return JSON.parse(stdout) as Call[]
}

/** Every value that is set is one that the chart knows: it refuses others. */
async function rendered(values: Record<string, string>): Promise<string> {
  const sets = Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`])
  const chart = [
    'template',
    'gavel',
    join(repository, 'charts/gavel'),
    '--values',
    join(repository, 'k8s/overlays/dev/values.yaml')
  ]
  return (await execute(await helmBinary(cache, log), [...chart, ...sets], { maxBuffer: 64e6 })).stdout
}

describe('the Tiltfile', () => {
  test('builds every image from what it is made of, and nothing is watched in vain', async () => {
    const builds = (await calls()).filter((call) => call.function === 'docker_build')
    expect(builds.map(({ positions }) => String(positions[0])).toSorted()).toEqual(wanted)
    for (const { positions, names } of builds) {
      const shape = nodeShapes.find(({ name }) => positions[0] === `ghcr.io/gavel-dev/gavel-${name}`)!
      const only = names['only'] as string[]
      expect(only.filter((path) => !existsSync(join(repository, path)))).toEqual([])
      expect(only).toEqual(
        expect.arrayContaining([...closureOf(repository, shape.folder).workspaces, names['dockerfile']])
      )
    }
  })

  test('gives every image to the chart', async () => {
    const [installed] = (await calls()).filter((call) => call.function === 'helm_resource')
    const images = installed!.names['image_deps'] as string[]
    const keys = installed!.names['image_keys'] as string[]
    expect(images.toSorted()).toEqual(wanted)
    const text = await rendered(Object.fromEntries(keys.map((key, at) => [key, `${images[at]}:tilt-1`])))
    expect(images.filter((image) => !text.includes(`${image}:tilt-1`))).toEqual([])
  })
})

describe('skaffold.yaml', () => {
  const skaffold = parse(readFileSync(join(repository, 'skaffold.yaml'), 'utf8')) as {
    apiVersion: string
    build: { artifacts: { image: string; docker: { dockerfile: string; buildArgs?: Record<string, string> } }[] }
    deploy: {
      helm: { releases: { setValueTemplates: Record<string, string>; valuesFiles: string[]; chartPath: string }[] }
    }
  }

  test('is what Skaffold’s own schema of its version describes, and nothing besides', async () => {
    const place = mkdtempSync(join(tmpdir(), 'gavel-skaffold-'))
    const module = 'github.com/GoogleContainerTools/skaffold/v2@v2.16.1'
    const { Dir } = JSON.parse(await go(['mod', 'download', '-json', module], place)) as { Dir: string }
    rmSync(place, { recursive: true })
    const [, version] = skaffold.apiVersion.split('/')
    const schema = readFileSync(join(Dir, `docs-v2/content/en/schemas/${version}.json`), 'utf8')
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(JSON.parse(schema) as object)
    expect(validate(skaffold), JSON.stringify(validate.errors)).toBe(true)
    expect(validate({ ...skaffold, deploys: {} })).toBe(false)
  })

  test('builds every image by a Dockerfile that is there', () => {
    const { artifacts } = skaffold.build
    expect(artifacts.map(({ image }) => image).toSorted()).toEqual(wanted)
    expect(artifacts.filter(({ docker }) => !existsSync(join(repository, docker.dockerfile)))).toEqual([])
    expect(artifacts.flatMap(({ docker }) => docker.buildArgs?.['SERVICE'] ?? []).toSorted()).toEqual(
      services.map(({ name }) => name).toSorted()
    )
  })

  test('gives every image to the chart', async () => {
    const [release] = skaffold.deploy.helm.releases
    const keys = Object.keys(release!.setValueTemplates)
    expect(keys).toHaveLength(wanted.length)
    const text = await rendered(Object.fromEntries(keys.map((key, at) => [key, `registry.example/image-${at}:1`])))
    expect(keys.filter((_key, at) => !text.includes(`registry.example/image-${at}:1`))).toEqual([])
  })
})

describe('the overlays', () => {
  const built = async (overlay: string): Promise<{ kind: string; spec?: Record<string, unknown> }[]> => {
    const { kubectl } = await kubernetesBinaries({ cache, log })
    const helm = [
      '--enable-helm',
      `--helm-command=${await helmBinary(cache, log)}`,
      '--load-restrictor=LoadRestrictionsNone'
    ]
    const { stdout } = await execute(kubectl, ['kustomize', ...helm, join(repository, 'k8s/overlays', overlay)], {
      maxBuffer: 64e6
    })
    return parseAllDocuments(stdout).map((document) => document.toJS() as { kind: string })
  }

  test('for one machine has backends of its own and one pod of each service', async () => {
    const objects = await built('dev')
    const [platform] = objects.filter(({ kind }) => kind === 'Platform')
    expect(platform!.spec!['services']).toEqual(Object.fromEntries(services.map(({ name }) => [name, { replicas: 1 }])))
    expect(objects.filter(({ kind }) => kind === 'StatefulSet').length).toBeGreaterThan(3)
  })

  test('for production has no backend and no stand-in', async () => {
    const objects = await built('production')
    expect(objects.filter(({ kind }) => kind === 'StatefulSet')).toEqual([])
    const [platform] = objects.filter(({ kind }) => kind === 'Platform')
    expect(platform!.spec).toMatchObject({
      backends: { kafka: { replicas: 3, minInSyncReplicas: 2 } },
      gateway: { replicas: 3 }
    })
    expect(objects.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['HTTPRoute', 'PodMonitor', 'PodDisruptionBudget'])
    )
  })
})

/** What a Dockerfile copies is what Node finds when it looks for a package of ours. */
test.each(nodeShapes)('the Dockerfile of $name has every package of ours that it needs', ({ name, folder }) => {
  const own = join(repository, folder, 'Dockerfile')
  const text = readFileSync(existsSync(own) ? own : join(repository, 'services/Dockerfile'), 'utf8')
  const copied = text.replaceAll('${SERVICE}', name)
  const needed = closureOf(repository, folder).workspaces
  expect(needed.filter((workspace) => !copied.includes(`COPY ${workspace}/package.json `))).toEqual([])
})
