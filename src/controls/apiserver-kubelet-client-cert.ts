// CIS Kubernetes 1.2.4 wants --kubelet-client-certificate and --kubelet-client-key "set as appropriate". kube-apiserver
// presents a certificate to kubelets only if both are non-empty; with only one of them it starts without a warning, and calls
// kubelets anonymously (client-go transport/config.go, HasCertAuth).

import type { PairFiles } from '../policy/certificates.ts';
import { noteIssuance } from './shared/authority-faults.ts';
import { notePair, PAIR_CODES } from './shared/certificate-faults.ts';
import { defineControl, type Notes } from './shared/define-control.ts';
import { unusableAs } from './shared/path-faults.ts';
import { noteApiServerPath, type PathSetting } from './shared/paths.ts';
import { noteClientCertificate } from './shared/seen-certificates.ts';
import { apiServerSettingName } from './shared/settings.ts';
import { apiServerRemediation } from './shared/remedies/api-server.ts';

const USELESS = 'it holds no certificate or key, so every TLS handshake with a kubelet fails';

export const apiserverKubeletClientCert = defineControl(
  {
    slug: 'apiserver-kubelet-client-cert',
    component: 'kube-apiserver',
    title: 'kube-apiserver presents a client certificate to kubelets',
    expected: '--kubelet-client-certificate and --kubelet-client-key are the paths of a certificate and its key',
    rationale:
      'Unless both flags are set, kube-apiserver calls kubelets anonymously. With only one of the two it starts without ' +
      'an error or a warning, and nothing else reports it. A kubelet that rejects anonymous requests then rejects logs, ' +
      'exec and port-forward. A kubelet that serves them serves everybody.',
    remediation: apiServerRemediation({
      flags: ['kubelet-client-certificate', 'kubelet-client-key'],
      value: 'a certificate and key with extended key usage clientAuth, issued by the CA that the kubelets accept',
      setBy: new Set(['kubeadm', 'openshift', 'rke2', 'k3s', 'rancher', 'k0s', 'talos', 'kops']),
      kops: ['kubeletClientCertificate', 'kubeletClientKey'],
    }),
    codes: {
      missing: 'The flag is not set.',
      empty: 'The flag is set to an empty value, which is the same as not setting it.',
      unusable: unusableAs('a certificate or key'),
      refused:
        'A kubelet that asks for a client certificate refused a call of kube-apiserver, which presented none, or none that the kubelet accepts.',
      'would-not-start': 'With this command line, or without this file, kube-apiserver would exit instead of starting.',
      ...PAIR_CODES,
    },
    fileCodes: new Set(Object.keys(PAIR_CODES)),
    differences:
      'The benchmark asks whether the arguments exist, but an empty argument exists and has no effect. kubelet-guard ' +
      "checks the effective values, as kube-apiserver itself parses them. The benchmark's alternative audit greps for " +
      '"false" and inverts the exit code, reads `command` but not `args`, and ignores the key.',
    defaults: { action: 'audit', on: { 'kubeadm-config': 'ratchet', 'declared-cluster': 'ratchet' } },
    requiredPaths: ['kubeletClientCertificate', 'kubeletClientKey'],
  },
  (subject) => (notes) => {
    if (subject.refusedBy !== undefined) {
      const setting = apiServerSettingName('kubeletClientCertificate');
      notes.violations.push({ code: 'refused', setting, message: refusal(subject.refusedBy) });
      return;
    }
    const certificate = noteApiServerPath(subject, 'kubeletClientCertificate', USELESS, notes);
    const key = noteApiServerPath(subject, 'kubeletClientKey', USELESS, notes);
    if (subject.pair && certificate && key) noteFiles(certificate, key, subject.pair, notes);
  },
);

function noteFiles(certificate: PathSetting, key: PathSetting, files: PairFiles, notes: Notes): void {
  const { issuance, moment } = files;
  noteClientCertificate(certificate.path, files.certificate, notes);
  const file = { ...certificate, file: files.certificate };
  const isPair = notePair(file, { ...key, file: files.key }, moment, notes);
  if (isPair && issuance) noteIssuance(certificate, issuance.authorities, issuance.facts, moment, notes);
}

/** A message names this many kubelets and counts the others. */
const MOST_NAMES = 5;

function refusal(kubelets: readonly string[]): string {
  const names = kubelets.slice(0, MOST_NAMES).join(', ');
  const more = kubelets.length > MOST_NAMES ? ` and ${kubelets.length - MOST_NAMES} more` : '';
  return `the kubelets of ${names}${more} ask for a client certificate, and refused the call of kube-apiserver: it presents none, or one that their client CA did not sign`;
}
