#!/bin/bash
# PID 1 of a node, in network, mount, PID, IPC and UTS namespaces of its own. It is a shell because PID 1 must reap
# what others leave behind. When it ends, the kernel ends everything that is in its PID namespace.
#
#   node-init.sh BINARIES NODE_DIRECTORY PKI_DIRECTORY NAME ADDRESS INDEX ROLE
set -u
BINARIES=$1 NODE=$2 PKI=$3 NAME=$4 ADDRESS=$5 INDEX=$6 ROLE=$7
export PATH=$BINARIES:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin

hostname "$NAME"
mount --make-rshared /
# Sockets of shims, the lock of iptables and network namespaces are at fixed places below /run: none is shared with the host.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/lock
mount --bind "$NODE/varlog" /var/log
mount --bind "$NODE/cni-state" /var/lib/cni
rm -rf "$NODE"/cni-state/*

ip link set lo up
until ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done
ip addr add "$ADDRESS/24" dev eth0
ip link set eth0 up
# Needed though it leads nowhere: without a route a ClusterIP is out of reach before anything could translate it.
ip route add default via "${ADDRESS%.*}.1"
for other in 2 3 4; do
  [ "$other" = "$INDEX" ] || ip route add "10.244.$other.0/24" via "${ADDRESS%.*}.$other"
done
sysctl -qw net.ipv4.ip_forward=1
sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null

run() {
  local name=$1
  shift
  "$@" >>"$NODE/log/$name.log" 2>&1 &
}
answers() { kubectl --kubeconfig "$PKI/admin.kubeconfig" get --raw /readyz >/dev/null 2>&1; }

run containerd containerd --config "$NODE/containerd.toml"
if [ "$ROLE" = control ]; then
  # shellcheck disable=SC2046 -- one argument a line, none with a blank in it
  run etcd etcd $(cat "$NODE/etcd.args")
  run kube-apiserver kube-apiserver $(cat "$NODE/kube-apiserver.args")
  (
    until answers; do sleep 0.1; done
    run kube-controller-manager kube-controller-manager $(cat "$NODE/kube-controller-manager.args")
    run kube-scheduler kube-scheduler $(cat "$NODE/kube-scheduler.args")
    wait
  ) &
fi
until answers; do sleep 0.1; done
run kubelet kubelet $(cat "$NODE/kubelet.args")
run kube-proxy kube-proxy --config "$NODE/kube-proxy.yaml"

trap 'exit 0' TERM INT
while :; do
  wait -n 2>/dev/null
  sleep 1
done
