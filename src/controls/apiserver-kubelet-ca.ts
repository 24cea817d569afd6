// CIS Kubernetes 1.2.5 wants --kubelet-certificate-authority "set as appropriate". Without it kube-apiserver does not verify
// the serving certificates of kubelets (kubernetes pkg/kubelet/client/kubelet_client.go:126).

import { defineControl } from './shared/define-control.ts';
import { unusableAs } from './shared/path-faults.ts';
import { noteApiServerPath } from './shared/paths.ts';
import { apiServerRemediation } from './shared/remedies/api-server.ts';

const USELESS = 'it holds no CA, so kube-apiserver has no CA of the cluster to verify kubelets with';

export const apiserverKubeletCA = defineControl(
  {
    slug: 'apiserver-kubelet-ca',
    component: 'kube-apiserver',
    title: 'kube-apiserver verifies the serving certificates of kubelets',
    expected: '--kubelet-certificate-authority is the path of a CA bundle',
    rationale:
      'Without a CA kube-apiserver accepts any serving certificate from a kubelet. An attacker who can answer in place ' +
      'of a node then receives what users type into exec and attach, and can forge logs.',
    remediation: apiServerRemediation({
      flags: ['kubelet-certificate-authority'],
      value: 'the CA that signs the serving certificates of kubelets',
      first:
        'First give the kubelets serving certificates that a CA signed, because logs and exec stop working with self-signed ones (serverTLSBootstrap: true in the KubeletConfiguration, then approve the certificate signing requests).',
      setBy: new Set(['openshift', 'rke2', 'k3s', 'k0s']),
      kops: ['kubeletCertificateAuthority'],
    }),
    codes: {
      missing: 'The flag is not set.',
      empty: 'The flag is set to an empty value, which is the same as not setting it.',
      unusable: unusableAs('a CA bundle'),
      'would-not-start': 'With this command line kube-apiserver would exit instead of starting.',
    },
    differences:
      'The benchmark asks whether the argument exists, but an empty argument exists and has no effect. kubelet-guard ' +
      'checks the effective value, as kube-apiserver itself parses it. kubeadm does not set the flag, so a cluster with ' +
      "kubeadm's defaults fails.",
    defaults: { action: 'audit' },
    supporting: true,
    requiredPaths: ['kubeletCertificateAuthority'],
  },
  (subject) => {
    // a refused call does not show how kube-apiserver verifies kubelets
    if (subject.refusedBy !== undefined) return undefined;
    return (notes) => {
      noteApiServerPath(subject, 'kubeletCertificateAuthority', USELESS, notes);
    };
  },
);
