// The keys of a k3s or RKE2 configuration, which are the names of their flags (k3s pkg/cli/cmds, rke2 pkg/cli/cmds).

import type { UnknownRecord } from '../../../json.ts';
import type { RancherProgram } from '../../declared/rancher.ts';

/** Only servers have these. */
const SERVER = new Set(
  (
    'advertise-address advertise-port agent-token agent-token-file apiserver-bind-address apiserver-port audit-policy-file bind-address ' +
    'cluster-cidr cluster-dns cluster-domain cluster-init cluster-reset cluster-reset-restore-path cni datastore-cafile datastore-certfile ' +
    'datastore-endpoint datastore-keyfile default-local-storage-path disable disable-agent disable-apiserver disable-cloud-controller ' +
    'disable-controller-manager disable-etcd disable-helm-controller disable-kube-proxy disable-network-policy disable-scheduler ' +
    'egress-selector-mode embedded-registry enable-servicelb etcd-arg etcd-disable-snapshots etcd-expose-metrics etcd-extra-env ' +
    'etcd-extra-mount etcd-image etcd-s3 etcd-s3-access-key etcd-s3-bucket etcd-s3-bucket-lookup-type etcd-s3-config-secret ' +
    'etcd-s3-endpoint etcd-s3-endpoint-ca etcd-s3-folder etcd-s3-insecure etcd-s3-proxy etcd-s3-region etcd-s3-secret-key ' +
    'etcd-s3-session-token etcd-s3-skip-ssl-verify etcd-s3-timeout etcd-snapshot-compress etcd-snapshot-dir etcd-snapshot-name ' +
    'etcd-snapshot-reconcile-interval etcd-snapshot-retention etcd-snapshot-schedule-cron flannel-backend flannel-external-ip ' +
    'flannel-ipv6-masq helm-job-image https-listen-port ingress-controller kine-tls kube-apiserver-arg kube-apiserver-extra-env ' +
    'kube-apiserver-extra-mount kube-apiserver-image kube-cloud-controller-manager-arg kube-controller-manager-arg ' +
    'kube-controller-manager-extra-env kube-controller-manager-extra-mount kube-controller-manager-image kube-scheduler-arg ' +
    'kube-scheduler-extra-env kube-scheduler-extra-mount kube-scheduler-image multi-cluster-cidr no-deploy ' +
    'pod-security-admission-config-file secrets-encryption secrets-encryption-provider service-cidr service-node-port-range ' +
    'servicelb-namespace supervisor-metrics supervisor-port tls-san tls-san-security write-kubeconfig write-kubeconfig-group ' +
    'write-kubeconfig-mode'
  ).split(' '),
);
/** Every node has these. */
const NODE = new Set(
  (
    'airgap-extra-registry alsologtostderr cloud-provider-config cloud-provider-name config container-runtime-endpoint ' +
    'control-plane-resource-limits control-plane-resource-requests data-dir debug default-runtime disable-apiserver-lb ' +
    'disable-default-registry-endpoint docker enable-pprof flannel-cni-conf flannel-conf flannel-iface image-credential-provider-bin-dir ' +
    'image-credential-provider-config image-service-endpoint kube-proxy-arg kubelet-arg kubelet-path lb-server-port log node-external-dns ' +
    'node-external-ip node-internal-dns node-ip node-label node-name node-name-from-cloud-provider-metadata node-taint nonroot-devices ' +
    'pause-image prefer-bundled-bin private-registry profile protect-kernel-defaults resolv-conf rootless runtime-image selinux server ' +
    'snapshotter system-default-registry token token-file v vmodule vpn-auth vpn-auth-file with-node-id'
  ).split(' '),
);
/** Other programs have these too, so they show nothing alone. */
const COMMON = new Set(
  'bind-address config data-dir debug disable docker log profile selinux server token token-file v'.split(' '),
);
/** One of these is enough, whatever else is written. */
const CERTAIN = /^(?:kube-apiserver-arg|kubelet-arg)\+?$/;
/** RKE2 has these and k3s does not. */
const RKE2 =
  /^(?:cni|ingress-controller|profile|audit-policy-file|cloud-provider-name|kubelet-path|runtime-image|.*-(?:extra-mount|extra-env|image))$/;

/** Whether an object is a configuration of k3s or RKE2: it has a flag of theirs that no other program has. */
export function isRancherConfig(object: UnknownRecord): boolean {
  if (object.kind !== undefined || object.apiVersion !== undefined) return false;
  const keys = Object.keys(object);
  if (keys.some((key) => CERTAIN.test(key) && isArguments(object[key]))) return true;
  const names = keys.map(nameOf);
  return names.every((name) => SERVER.has(name) || NODE.has(name)) && names.some((name) => !COMMON.has(name));
}

/** A map of arguments belongs to another tool, which makes a list of it. */
function isArguments(value: unknown): boolean {
  return value === null || typeof value === 'string' || Array.isArray(value);
}

/** Whether a configuration is certainly for a server. */
export function isServerConfig(object: UnknownRecord): boolean {
  return Object.keys(object).some((key) => SERVER.has(nameOf(key)));
}

/** The program that a configuration is for: by its path, then by its keys. */
export function rancherProgramOf(object: UnknownRecord, path: string): RancherProgram {
  if (/\brke2\b/.test(path)) return 'rke2';
  if (/\bk3s\b/.test(path)) return 'k3s';
  return Object.keys(object).some((key) => RKE2.test(nameOf(key))) ? 'rke2' : 'k3s';
}

function nameOf(key: string): string {
  return key.replace(/\+$/, '');
}
