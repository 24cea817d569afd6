// CIS Kubernetes 1.2.4 wants --kubelet-client-certificate and --kubelet-client-key "set as appropriate". kube-apiserver
// presents a certificate to kubelets only if both are non-empty; with one of the two it starts, says nothing, and calls
// kubelets anonymously (client-go transport/config.go, HasCertAuth).

import { defineControl, noteApiServerPath } from '../policy/control.ts';

const CERTIFICATE = '--kubelet-client-certificate';
const KEY = '--kubelet-client-key';
const HOLLOW = 'it holds no certificate or key, so every TLS handshake with a kubelet fails';

export const apiserverKubeletClientCert = defineControl(
  {
    slug: 'apiserver-kubelet-client-cert',
    component: 'kube-apiserver',
    title: 'kube-apiserver presents a client certificate to kubelets',
    rationale:
      'Unless both flags are set, kube-apiserver calls kubelets anonymously. With only one of the two it starts without ' +
      'an error or a warning, and nothing else reports it. A kubelet that refuses anonymous callers then refuses logs, ' +
      'exec and port-forward; one that serves them serves everybody.',
    remediation:
      'Set both --kubelet-client-certificate and --kubelet-client-key to a certificate with extended key usage ' +
      'clientAuth, issued by the CA that the kubelets accept, in the static pod manifest of kube-apiserver (with ' +
      'kubeadm: remove the overrides from apiServer.extraArgs, its defaults are right).',
    benchmarks: [
      { benchmark: 'CIS Kubernetes Benchmark', id: '1.2.4' },
      { benchmark: 'CIS Kubernetes Benchmark', id: '1.2.5', versions: 'v1.5, v1.6, v1.23' },
    ],
    codes: {
      missing: 'The flag is not set.',
      empty: 'The flag is set to an empty value, which is the same as not setting it.',
      unusable:
        'The value can not be the path of a certificate or key: /dev/null, white space, quotes that no shell has removed, an unexpanded variable.',
      refused:
        'A kubelet that asks for a client certificate refused a call of kube-apiserver: none was presented, or none that the kubelet accepts.',
      'would-not-start': 'With this command line kube-apiserver would exit instead of starting.',
    },
    differences:
      'The benchmark asks whether the arguments exist; an empty argument exists and does nothing, so the effective ' +
      'values are checked, as the process itself parses them. Its alternative audit greps for "false" with the exit ' +
      'code turned round, reads `command` but not `args`, and never looks at the key.',
    defaults: { action: 'audit', on: { 'kubeadm-config': 'ratchet' } },
  },
  (subject) => (notes) => {
    if (subject.refusedBy !== undefined) {
      notes.violations.push({ code: 'refused', setting: CERTIFICATE, message: refusal(subject.refusedBy) });
      return;
    }
    noteApiServerPath(subject, CERTIFICATE, subject.kubeletClientCertificate, HOLLOW, notes);
    noteApiServerPath(subject, KEY, subject.kubeletClientKey, HOLLOW, notes);
  },
);

/** So many kubelets are named; the others are counted. */
const MOST_NAMES = 5;

function refusal(kubelets: readonly string[]): string {
  const names = kubelets.slice(0, MOST_NAMES).join(', ');
  const more = kubelets.length > MOST_NAMES ? ` and ${kubelets.length - MOST_NAMES} more` : '';
  return `the kubelets of ${names}${more} ask for a client certificate, and refused the call of kube-apiserver: it presents none, or one that their client CA did not sign`;
}
