import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@gavel/standalone/install.ts'

/** Who signs, who serves and who may do what in a cluster: each part has a certificate of its own. */
export class Pki {
  readonly directory: string
  readonly #server: string

  constructor(directory: string, server: string) {
    this.directory = directory
    this.#server = server
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  async controlPlane(address: string): Promise<void> {
    if (existsSync(this.path('admin.kubeconfig'))) return
    await Promise.all([this.#authority('ca', 'gavel-test'), this.#authority('front-ca', 'gavel-test-front-proxy')])
    await run('openssl', ['genrsa', '-out', this.path('sa.key'), '2048'])
    await run('openssl', ['rsa', '-in', this.path('sa.key'), '-pubout', '-out', this.path('sa.pub')])
    const names = [
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
      'localhost'
    ]
    const alternatives = [...names.map((name) => `DNS:${name}`), 'IP:127.0.0.1', 'IP:10.96.0.1', `IP:${address}`]
    await this.#leaf('apiserver', '/CN=kube-apiserver', 'ca', 'serverAuth', alternatives)
    await this.#leaf(
      'apiserver-kubelet-client',
      '/O=system:masters/CN=kube-apiserver-kubelet-client',
      'ca',
      'clientAuth'
    )
    await this.#leaf('front-client', '/CN=front-proxy-client', 'front-ca', 'clientAuth')
    await this.#client('controller-manager', '/CN=system:kube-controller-manager')
    await this.#client('scheduler', '/CN=system:kube-scheduler')
    await this.#client('proxy', '/CN=system:kube-proxy')
    await this.#client('admin', '/O=system:masters/CN=admin')
  }

  async node(name: string, address: string): Promise<void> {
    if (existsSync(this.path(`kubelet-${name}.kubeconfig`))) return
    const subject = `/O=system:nodes/CN=system:node:${name}`
    await this.#leaf(`kubelet-server-${name}`, subject, 'ca', 'serverAuth', [
      `DNS:${name}`,
      `IP:${address}`,
      'IP:127.0.0.1'
    ])
    await this.#client(`kubelet-${name}`, subject)
  }

  async #key(name: string): Promise<void> {
    await run('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', this.path(`${name}.key`)])
  }

  async #authority(name: string, commonName: string): Promise<void> {
    await this.#key(name)
    const usage = ['-addext', 'keyUsage=critical,keyCertSign,digitalSignature']
    const certificate = ['-key', this.path(`${name}.key`), '-subj', `/CN=${commonName}`, '-days', '3650']
    await run('openssl', ['req', '-x509', '-new', ...certificate, '-out', this.path(`${name}.crt`), ...usage])
  }

  async #leaf(
    name: string,
    subject: string,
    authority: string,
    usage: string,
    alternatives: string[] = []
  ): Promise<void> {
    await this.#key(name)
    const request = this.path(`${name}.csr`)
    const extensions = this.path(`${name}.ext`)
    await run('openssl', ['req', '-new', '-key', this.path(`${name}.key`), '-subj', subject, '-out', request])
    writeFileSync(
      extensions,
      [
        'basicConstraints=CA:FALSE',
        'keyUsage=critical,digitalSignature',
        `extendedKeyUsage=${usage}`,
        ...(alternatives.length > 0 ? [`subjectAltName=${alternatives.join(',')}`] : [])
      ].join('\n')
    )
    const signer = ['-CA', this.path(`${authority}.crt`), '-CAkey', this.path(`${authority}.key`)]
    const serial = `0x${[...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
    const output = ['-days', '3650', '-extfile', extensions, '-out', this.path(`${name}.crt`)]
    await run('openssl', ['x509', '-req', '-in', request, ...signer, '-set_serial', serial, ...output])
  }

  /** A certificate, and a kubeconfig with everything in it. */
  async #client(name: string, subject: string): Promise<void> {
    await this.#leaf(name, subject, 'ca', 'clientAuth')
    const data = (file: string): string => readFileSync(this.path(file)).toString('base64')
    const cluster = { server: this.#server, 'certificate-authority-data': data('ca.crt') }
    const user = { 'client-certificate-data': data(`${name}.crt`), 'client-key-data': data(`${name}.key`) }
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'gavel-test', cluster }],
      users: [{ name, user }],
      contexts: [{ name: 'gavel-test', context: { cluster: 'gavel-test', user: name } }],
      'current-context': 'gavel-test'
    }
    writeFileSync(this.path(`${name}.kubeconfig`), JSON.stringify(config), { mode: 0o600 })
  }
}
