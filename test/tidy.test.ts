import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { services } from '../services/contracts/src/services.ts'

/** The repository's own rules: what a linter cannot say. */

const root = join(import.meta.dirname, '..')
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8'
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)))
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const source = files.filter((file) => /^(services|operator)\/.*\.tsx?$/.test(file))
const production = source.filter((file) => !/\.test\.tsx?$/.test(file) && !/\/test\//.test(file))
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')

/** Lists every place where a pattern stands, so that a failure names them all. */
const places = (
  candidates: string[],
  pattern: RegExp,
  text = (file: string) => withoutComments(read(file))
): string[] =>
  candidates.flatMap((file) =>
    text(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : []))
  )

describe('one name everywhere', () => {
  test.each(services.map(({ name }) => name))('%s has its folder, package, entry and README', (name) => {
    expect(JSON.parse(read(`services/${name}/package.json`)).name).toBe(`@gavel/${name}`)
    for (const file of ['src/main.ts', 'src/app.ts', 'src/config.ts', 'README.md']) {
      expect(existsSync(join(root, 'services', name, file)), `services/${name}/${file}`).toBe(true)
    }
  })

  test('every service folder is in the list of services', () => {
    const folders = new Set(
      files.map((file) => /^services\/([^/]+)\//.exec(file)?.[1]).filter((name) => name !== undefined)
    )
    for (const name of ['contracts', 'platform', 'gateway', 'standalone']) folders.delete(name)
    expect([...folders].toSorted()).toEqual(services.map(({ name }) => name).toSorted())
  })

  test('port offsets are distinct', () => {
    expect(new Set(services.map(({ portOffset }) => portOffset)).size).toBe(services.length)
  })

  test('operation ids and addresses are distinct over all services', () => {
    const operations = services.flatMap((service) => [...service.operations])
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length)
    expect(new Set(operations.map(({ method, path }) => `${method} ${path}`)).size).toBe(operations.length)
  })
})

describe('the arrows run one way', () => {
  test('contracts import nothing but a schema and a YAML library', () => {
    const imports = places(
      production.filter((file) => file.startsWith('services/contracts/')),
      /from '(?!\.|node:|typebox|yaml)/
    )
    expect(imports).toEqual([])
  })

  test('platform imports no service', () => {
    expect(
      places(
        production.filter((file) => file.startsWith('services/platform/')),
        /@gavel\/(?!contracts|platform)/
      )
    ).toEqual([])
  })

  test('platform speaks no word of the domain', () => {
    const words = /\b(auctions?|bids?|bidders?|bidding|sales?|stock|inventory|payments?|orders?|products?|catalog)\b/i
    // `order by` and «in order» are plain English and SQL; roles come from the contracts.
    const text = (file: string) => withoutComments(read(file)).replace(/order by|in (good )?order|'bidder'/gi, '')
    expect(
      places(
        production.filter((file) => file.startsWith('services/platform/')),
        words,
        text
      )
    ).toEqual([])
  })

  test('a domain knows no I/O, no clock, no environment and no outer folder', () => {
    const pure = production.filter((file) => /\/domain\//.test(file) || basename(file) === 'plan.ts')
    expect(pure.length).toBeGreaterThan(0)
    expect(places(pure, /Date\.now|new Date\(\)|performance\.now|process\.|Math\.random|console\./)).toEqual([])
    expect(
      places(pure, /from '(\.\.\/(routes|store|consumers)|pg|mongodb|kafkajs|ioredis|fastify|pino|undici)/)
    ).toEqual([])
  })

  test('kafkajs stays behind platform/kafka', () => {
    expect(
      places(
        production.filter((file) => !/^(services\/platform\/src\/kafka|operator\/src\/kafka)/.test(file)),
        /from 'kafkajs'/
      )
    ).toEqual([])
  })

  test('no service imports another', () => {
    const names = services.map(({ name }) => name)
    // A bidder’s browser verifies a ledger, and says how he stands, with the very code that bidding has: it is pure and built into the
    // page, and no service calls it.
    const rules = (place: string): boolean =>
      /^services\/web\/src\/page\/.*'@gavel\/bidding\/(verify|domain)\//.test(place)
    const offenders = names
      .flatMap((name) =>
        places(
          production.filter((file) => file.startsWith(`services/${name}/`)),
          new RegExp(`@gavel/(?!contracts|platform|${name}/)`)
        )
      )
      .filter((place) => !rules(place))
    expect(offenders).toEqual([])
  })
})

describe('configuration and names', () => {
  test('the environment is read in config.ts only', () => {
    const allowed = /(\/config\.ts|\/config\/.*\.ts|^services\/standalone\/|\/main\.ts)$|^services\/standalone\//
    expect(
      places(
        production.filter((file) => !allowed.test(file)),
        /process\.env/
      )
    ).toEqual([])
  })

  test('no drawer names', () => {
    expect(
      files.filter(
        (file) => /(^|\/)(utils?|helpers?|common|misc|manager)(\.|\/)/i.test(file) && file !== 'test/load/common.ts'
      )
    ).toEqual([])
  })

  test('a topic is imported, never written', () => {
    expect(
      places(
        production.filter((file) => !/^services\/(contracts|platform)\//.test(file)),
        /\btopic: ['"`]/
      )
    ).toEqual([])
  })

  test('the same dependency has the same version everywhere', () => {
    const versions = new Map<string, Set<string>>()
    for (const file of files.filter((name) => basename(name) === 'package.json')) {
      const manifest = JSON.parse(read(file)) as Record<string, Record<string, string> | undefined>
      for (const [name, version] of Object.entries({ ...manifest['dependencies'], ...manifest['devDependencies'] })) {
        versions.set(name, (versions.get(name) ?? new Set()).add(version))
      }
    }
    expect(
      [...versions].filter(([, set]) => set.size > 1).map(([name, set]) => `${name}: ${[...set].join(', ')}`)
    ).toEqual([])
  })

  test('migrations are numbered without gaps', () => {
    for (const { name } of services) {
      const numbers = files
        .filter((file) => file.startsWith(`services/${name}/migrations/`))
        .map((file) => Number(basename(file).slice(0, 4)))
        .toSorted((a, b) => a - b)
      expect(numbers, name).toEqual(numbers.map((_, index) => index + 1))
    }
  })

  test('a decision has a number of its own', () => {
    const numbers = files.filter((file) => file.startsWith('docs/adr/')).map((file) => basename(file).slice(0, 4))
    expect(numbers.filter((number, index) => numbers.indexOf(number) !== index)).toEqual([])
  })

  test('a file is read in one sitting', () => {
    const long = source
      .map((file) => ({ file, lines: read(file).split('\n').length }))
      .filter(({ lines }) => lines > 400)
    expect(long).toEqual([])
  })
})

describe('the repository speaks of the product alone', () => {
  const text = files.filter(
    (file) => /\.(tsx?|mjs|js|md|json|ya?ml|sql|html|css|sh)$/.test(file) && file !== 'test/tidy.test.ts'
  )

  test('no path of a machine and no registry host', () => {
    const hosts = [
      'registry.npmjs',
      'pypi.org',
      'files.pythonhosted',
      'repo1.maven',
      'repo.maven.apache',
      'deb.debian',
      'proxy.golang'
    ]
    const pattern = new RegExp(
      ['/wor' + 'k/', '/ro' + 'ot/', ...hosts.map((host) => host.replace('.', '\\.'))].join('|')
    )
    expect(places(text, pattern, read)).toEqual([])
  })

  test('no secret is committed', () => {
    expect(
      places(text, /-----BEGIN [A-Z ]*PRIVATE KEY-----|AKIA[0-9A-Z]{16}|eyJhbGciOi[A-Za-z0-9_-]{20,}\./, read)
    ).toEqual([])
  })
})

test.each([
  'services/contracts/src/generate.ts',
  'operator/src/generate.ts',
  'scripts/delivery/generate.ts',
  'charts/observability/generate.ts'
])('what %s generates is fresh', (generator) => {
  execFileSync(process.execPath, [generator, '--check'], { cwd: root, stdio: 'pipe' })
})
