// CIS Kubernetes 1.2.5 wants --kubelet-certificate-authority "set as appropriate". Without it kube-apiserver does not verify
// the serving certificates of kubelets (kubernetes pkg/kubelet/client/kubelet_client.go:126).

import { defineControl, noteApiServerPath } from './shared/define-control.ts';

const SETTING = '--kubelet-certificate-authority';
const HOLLOW = 'it holds no CA, so the serving certificate of a kubelet is not verified by a CA of the cluster';

export const apiserverKubeletCA = defineControl(
  {
    slug: 'apiserver-kubelet-ca',
    component: 'kube-apiserver',
    title: 'kube-apiserver verifies the serving certificates of kubelets',
    rationale:
      'Without a CA kube-apiserver takes any certificate for that of a kubelet. Whoever can answer in the place of a ' +
      'node then receives what is typed into exec and attach, and can make up the logs.',
    remediation:
      'First give the kubelets serving certificates of a CA (with kubeadm: serverTLSBootstrap: true in the ' +
      'KubeletConfiguration, then approve their certificate signing requests), for with self-signed ones logs and exec ' +
      'stop working; then set --kubelet-certificate-authority to that CA in the static pod manifest of kube-apiserver ' +
      '(with kubeadm: in apiServer.extraArgs).',
    benchmarks: [{ benchmark: 'CIS Kubernetes Benchmark', id: '1.2.5' }],
    codes: {
      missing: 'The flag is not set.',
      empty: 'The flag is set to an empty value, which is the same as not setting it.',
      unusable:
        'The value cannot be the path of a CA bundle: /dev/null, white space, quotes that no shell has removed, an unexpanded variable.',
      'would-not-start': 'With this command line kube-apiserver would exit instead of starting.',
    },
    differences:
      'The benchmark asks whether the argument exists; an empty argument exists and does nothing, so the effective value ' +
      'is checked, as the process itself parses it. kubeadm does not set it, so a stock cluster fails.',
    defaults: { action: 'audit' },
    companion: true,
  },
  (subject) => {
    // a refused call tells nothing of how kube-apiserver verifies kubelets
    if (subject.refusedBy !== undefined) return undefined;
    return (notes) => {
      noteApiServerPath(subject, SETTING, subject.kubeletCertificateAuthority, HOLLOW, notes);
    };
  },
);
