import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface NodePlan {
  name: string
  /** 2 is the first node, which is the control plane too; its address ends with it. */
  index: number
  address: string
  role: 'control' | 'worker'
  directory: string
  cgroup: string
  pki: string
  cni: string
}

export const systemImages = { pause: 'gavel.test/pause:1', coredns: 'gavel.test/coredns:1' }
const services = '10.96.0.0/16'
export const dnsAddress = '10.96.0.10'

/** Writes what the daemons of a node read. */
export function writeNodeFiles(plan: NodePlan): void {
  for (const folder of ['log', 'cni', 'varlog', 'cni-state', 'kubelet', 'containerd']) {
    mkdirSync(join(plan.directory, folder), { recursive: true })
  }
  const write = (name: string, text: string): void => writeFileSync(join(plan.directory, name), text)
  const json = (name: string, content: unknown): void => write(name, `${JSON.stringify(content, null, 2)}\n`)
  write('resolv.conf', 'nameserver 127.0.0.1\n')
  write('containerd.toml', containerd(plan))
  json('cni/10-bridge.conflist', network(plan))
  json('kubelet.yaml', kubelet(plan))
  json('kube-proxy.yaml', proxy(plan))
  for (const [name, args] of Object.entries(argumentsOf(plan))) write(`${name}.args`, `${args.join('\n')}\n`)
}

const containerd = ({ directory, cni }: NodePlan): string => `version = 2
root = "${directory}/containerd/root"
state = "/run/containerd"
disabled_plugins = [${['aufs', 'btrfs', 'zfs', 'devmapper'].map((one) => `"io.containerd.snapshotter.v1.${one}"`).join(', ')}]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "${directory}/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${systemImages.pause}"
  disable_apparmor = true
  # Inside a container of its own the node may not lower an oom_score_adj, and runc would die of trying.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cni}"
    conf_dir = "${directory}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`

const network = ({ index }: NodePlan) => ({
  cniVersion: '1.0.0',
  name: 'gavel-test',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      hairpinMode: true,
      ipMasq: false,
      ipam: { type: 'host-local', ranges: [[{ subnet: `10.244.${index}.0/24` }]], routes: [{ dst: '0.0.0.0/0' }] }
    },
    { type: 'portmap', capabilities: { portMappings: true } }
  ]
})

const kubelet = ({ name, directory, cgroup, pki }: NodePlan) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: `${pki}/ca.crt` }
  },
  authorization: { mode: 'Webhook' },
  tlsCertFile: `${pki}/kubelet-server-${name}.crt`,
  tlsPrivateKeyFile: `${pki}/kubelet-server-${name}.key`,
  containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
  cgroupDriver: 'cgroupfs',
  cgroupRoot: cgroup,
  failSwapOn: false,
  oomScoreAdj: 0,
  clusterDomain: 'cluster.local',
  clusterDNS: [dnsAddress],
  resolvConf: `${directory}/resolv.conf`,
  evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
  // Nothing is ever collected: there is no registry from where it could come back.
  imageGCHighThresholdPercent: 100,
  imageGCLowThresholdPercent: 99,
  nodeStatusUpdateFrequency: '5s',
  serializeImagePulls: false
})

const proxy = ({ name, pki }: NodePlan) => ({
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  mode: 'nftables',
  clientConnection: { kubeconfig: `${pki}/proxy.kubeconfig` },
  clusterCIDR: '10.244.0.0/16',
  hostnameOverride: name,
  // The host's own settings, which cannot be written from inside a network namespace.
  conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  oomScoreAdj: 0
})

function argumentsOf({ name, address, directory, pki }: NodePlan): Record<string, string[]> {
  const as = (who: string): string[] =>
    ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map(
      (flag) => `--${flag}=${pki}/${who}.kubeconfig`
    )
  return {
    etcd: [
      `--data-dir=${directory}/etcd`,
      '--listen-client-urls=http://127.0.0.1:2379',
      '--advertise-client-urls=http://127.0.0.1:2379',
      '--listen-peer-urls=http://127.0.0.1:2380',
      '--initial-advertise-peer-urls=http://127.0.0.1:2380',
      '--initial-cluster=default=http://127.0.0.1:2380',
      '--log-level=warn',
      '--unsafe-no-fsync'
    ],
    'kube-apiserver': [
      '--etcd-servers=http://127.0.0.1:2379',
      '--bind-address=0.0.0.0',
      '--secure-port=6443',
      `--advertise-address=${address}`,
      '--allow-privileged=true',
      `--service-cluster-ip-range=${services}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      `--client-ca-file=${pki}/ca.crt`,
      `--tls-cert-file=${pki}/apiserver.crt`,
      `--tls-private-key-file=${pki}/apiserver.key`,
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${pki}/sa.pub`,
      `--service-account-signing-key-file=${pki}/sa.key`,
      `--kubelet-client-certificate=${pki}/apiserver-kubelet-client.crt`,
      `--kubelet-client-key=${pki}/apiserver-kubelet-client.key`,
      `--kubelet-certificate-authority=${pki}/ca.crt`,
      '--kubelet-preferred-address-types=InternalIP,Hostname',
      `--requestheader-client-ca-file=${pki}/front-ca.crt`,
      '--requestheader-allowed-names=front-proxy-client',
      '--requestheader-username-headers=X-Remote-User',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      `--proxy-client-cert-file=${pki}/front-client.crt`,
      `--proxy-client-key-file=${pki}/front-client.key`
    ],
    'kube-controller-manager': [
      ...as('controller-manager'),
      '--bind-address=127.0.0.1',
      '--leader-elect=false',
      '--use-service-account-credentials',
      `--service-account-private-key-file=${pki}/sa.key`,
      `--root-ca-file=${pki}/ca.crt`,
      '--allocate-node-cidrs=false',
      `--service-cluster-ip-range=${services}`,
      '--node-monitor-grace-period=20s',
      '--kube-api-qps=200',
      '--kube-api-burst=400'
    ],
    'kube-scheduler': [...as('scheduler'), '--bind-address=127.0.0.1', '--leader-elect=false'],
    kubelet: [
      `--config=${directory}/kubelet.yaml`,
      `--kubeconfig=${pki}/kubelet-${name}.kubeconfig`,
      `--root-dir=${directory}/kubelet`,
      `--cert-dir=${directory}/kubelet/pki`,
      `--hostname-override=${name}`,
      `--node-ip=${address}`
    ]
  }
}
