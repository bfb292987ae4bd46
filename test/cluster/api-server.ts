import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { type Child, startChild } from '@gavel/standalone/child.ts'
import { freePort, waitUntilReady } from '@gavel/standalone/ports.ts'
import { fetch, Agent } from 'undici'
import type { KubernetesBinaries } from './kubernetes-binaries.ts'

export interface ApiServer {
  url: string
  /** Path of a kubeconfig file with cluster-admin rights. */
  kubeconfig: string
  config: KubeConfig
  stop(): Promise<void>
}

/**
 * Starts a real etcd and a real kube-apiserver on loopback: custom resources, CEL, RBAC, leases, watches; no pods. etcd does not sync to
 * disk, because nothing here is kept.
 */
export async function startApiServer(options: { binaries: KubernetesBinaries; directory: string }): Promise<ApiServer> {
  const { binaries, directory } = options
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const [etcdPort, peerPort, apiPort] = await Promise.all([freePort(), freePort(), freePort()])
  const token = randomBytes(24).toString('hex')
  const serviceAccount = generateKeyPairSync('rsa', { modulusLength: 2048 })
  await Promise.all([
    writeFile(join(directory, 'tokens.csv'), `${token},admin,admin,system:masters\n`, { mode: 0o600 }),
    writeFile(join(directory, 'sa.key'), serviceAccount.privateKey.export({ type: 'pkcs1', format: 'pem' }), {
      mode: 0o600
    }),
    writeFile(join(directory, 'sa.pub'), serviceAccount.publicKey.export({ type: 'spki', format: 'pem' }))
  ])
  const run = (name: string, command: string, args: string[]): Child =>
    startChild({ name, command, args, logFile: join(directory, `${name}.log`) })
  const children = [
    run('etcd', binaries.etcd, [
      `--data-dir=${join(directory, 'etcd')}`,
      `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
      `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
      `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
      `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
      '--unsafe-no-fsync',
      '--log-level=warn'
    ]),
    run('kube-apiserver', binaries.apiServer, [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${apiPort}`,
      `--cert-dir=${join(directory, 'certificates')}`,
      `--token-auth-file=${join(directory, 'tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${join(directory, 'sa.pub')}`,
      `--service-account-signing-key-file=${join(directory, 'sa.key')}`,
      '--disable-admission-plugins=ServiceAccount',
      '--endpoint-reconciler-type=none'
    ])
  ]
  const stop = async (): Promise<void> => {
    for (const child of children.toReversed()) await child.stop()
  }
  try {
    const url = `https://127.0.0.1:${apiPort}`
    const certificateFile = join(directory, 'certificates', 'apiserver.crt')
    await Promise.all(
      children.map((child) => waitUntilReady(child, () => isReady(url, token, certificateFile), 90_000))
    )
    const certificate = await readFile(certificateFile, 'utf8')
    const kubeconfig = join(directory, 'kubeconfig')
    const config = configuration(url, token, certificate)
    await writeFile(kubeconfig, config.exportConfig(), { mode: 0o600 })
    return { url, kubeconfig, config, stop }
  } catch (thrown) {
    await stop()
    throw thrown
  }
}

function configuration(server: string, token: string, certificate: string): KubeConfig {
  const config = new KubeConfig()
  config.loadFromClusterAndUser(
    { name: 'test', server, skipTLSVerify: false, caData: Buffer.from(certificate).toString('base64') },
    { name: 'admin', token }
  )
  return config
}

async function isReady(url: string, token: string, certificateFile: string): Promise<boolean> {
  try {
    const dispatcher = new Agent({ connect: { ca: await readFile(certificateFile, 'utf8') } })
    const response = await fetch(`${url}/readyz`, { dispatcher, headers: { authorization: `Bearer ${token}` } })
    await response.body?.cancel()
    await dispatcher.close()
    return response.ok
  } catch {
    // Not listening yet, or its certificate is not written yet.
    return false
  }
}
