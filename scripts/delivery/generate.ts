import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { services } from '@gavel/contracts/services.ts'
import { stringify } from 'yaml'

/**
 * Writes skaffold.yaml and the Tiltfile from the one list of services; with `--check` it only says which are stale, and fails.
 */
const root = join(import.meta.dirname, '..', '..')
const check = process.argv.includes('--check')
const registry = 'ghcr.io/gavel-dev'

interface Artifact {
  name: string
  dockerfile: string
  buildArgs: Record<string, string>
  /** What it is made of, for watching. */
  paths: string[]
  /** Where the chart takes it from. */
  value: string
}

const common = ['package.json', 'package-lock.json', '.npmrc', 'services/contracts', 'services/platform']
const artifacts: Artifact[] = [
  ...services.map(({ name }) => ({
    name: `gavel-${name}`,
    dockerfile: 'services/Dockerfile',
    buildArgs: { SERVICE: name },
    paths: [...common, `services/${name}`],
    value: `platform.spec.services.${name}.image`
  })),
  {
    name: 'gavel-operator',
    dockerfile: 'operator/Dockerfile',
    buildArgs: {},
    paths: [...common, 'services/gateway', 'operator'],
    value: 'operator.image'
  },
  {
    name: 'gavel-mailbox',
    dockerfile: 'services/standalone/Dockerfile',
    buildArgs: {},
    paths: [...common, 'services/bidding', 'services/gateway', 'services/standalone'],
    value: 'backends.dev.mailbox.image'
  }
]

const variable = (name: string): string => `${registry}/${name}`.replace(/[^A-Za-z0-9]/g, '_')
const reference = (name: string): string =>
  `{{.IMAGE_REPO_${variable(name)}}}:{{.IMAGE_TAG_${variable(name)}}}@{{.IMAGE_DIGEST_${variable(name)}}}`

const skaffold = {
  apiVersion: 'skaffold/v4beta11',
  kind: 'Config',
  metadata: { name: 'gavel' },
  build: {
    local: { push: false, useBuildkit: true, concurrency: 2 },
    tagPolicy: { inputDigest: {} },
    artifacts: artifacts.map(({ name, dockerfile, buildArgs }) => ({
      image: `${registry}/${name}`,
      context: '.',
      docker: { dockerfile, ...(Object.keys(buildArgs).length > 0 ? { buildArgs } : {}) }
    }))
  },
  deploy: {
    helm: {
      releases: [
        {
          name: 'gavel',
          namespace: 'gavel',
          createNamespace: true,
          chartPath: 'charts/gavel',
          valuesFiles: ['k8s/overlays/dev/values.yaml'],
          setValueTemplates: Object.fromEntries(artifacts.map(({ name, value }) => [value, reference(name)]))
        }
      ]
    }
  },
  portForward: [{ resourceType: 'service', resourceName: 'gateway', namespace: 'gavel', port: 8080, localPort: 8080 }]
}

const list = (values: readonly string[]): string => `[${values.map((value) => `'${value}'`).join(', ')}]`
const tiltfile = `# Written by \`npm run generate\` from services/contracts/src/services.ts. Do not edit.
# tilt up: builds every image, installs the chart, and rebuilds what changes. The pods' root file systems cannot be
# written, so a change is a new top layer and a rolling restart, and no file is put into a running container.
load('ext://helm_resource', 'helm_resource')

images = [
${artifacts
  .map(
    ({ name, dockerfile, buildArgs, paths, value }) =>
      `    struct(name='${registry}/${name}', dockerfile='${dockerfile}', args={${Object.entries(buildArgs)
        .map(([key, text]) => `'${key}': '${text}'`)
        .join(', ')}}, paths=${list(paths)}, value='${value}'),`
  )
  .join('\n')}
]

for image in images:
    docker_build(
        image.name,
        '.',
        dockerfile=image.dockerfile,
        build_args=image.args,
        only=image.paths + [image.dockerfile],
    )

helm_resource(
    'gavel',
    'charts/gavel',
    namespace='gavel',
    flags=['--create-namespace', '--values=k8s/overlays/dev/values.yaml'],
    image_deps=[image.name for image in images],
    image_keys=[image.value for image in images],
    deps=['charts/gavel', 'k8s/overlays/dev/values.yaml'],
)
local_resource(
    'gateway',
    serve_cmd='kubectl --namespace gavel port-forward service/gateway 8080',
    resource_deps=['gavel'],
)
`

const notice = '# Written by `npm run generate` from services/contracts/src/services.ts. Do not edit.\n'
const files = { 'skaffold.yaml': notice + stringify(skaffold, { lineWidth: 0 }), Tiltfile: tiltfile }
for (const [name, text] of Object.entries(files)) {
  const path = join(root, name)
  if (read(path) === text) continue
  console.log(`${check ? 'stale' : 'written'}: ${name}`)
  if (check) process.exitCode = 1
  else writeFileSync(path, text)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
