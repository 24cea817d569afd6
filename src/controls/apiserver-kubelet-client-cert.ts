// CIS Kubernetes 1.2.4 wants --kubelet-client-certificate and --kubelet-client-key "set as appropriate". kube-apiserver
// presents a certificate to kubelets only if both are non-empty; with one of the two it starts, says nothing, and calls
// kubelets anonymously (client-go transport/config.go, HasCertAuth).

import { defineControl, isNullDevice, notePath, noteRefusal, type Notes } from '../policy/control.ts';
import type { ApiServer, Reading } from '../policy/types.ts';

const CERTIFICATE = '--kubelet-client-certificate';
const KEY = '--kubelet-client-key';

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
      'would-not-start': 'With this command line kube-apiserver would exit instead of starting.',
    },
    differences:
      'The benchmark asks whether the arguments exist; an empty argument exists and does nothing, so the effective ' +
      'values are checked, as the process itself parses them. Its alternative audit greps for "false" with the exit ' +
      'code turned round, reads `command` but not `args`, and never looks at the key.',
    defaults: { action: 'audit', on: { 'kubeadm-config': 'ratchet' } },
  },
  (subject, notes) => {
    if (noteRefusal(subject, notes)) return;
    noteCredential(subject, CERTIFICATE, subject.kubeletClientCertificate, notes);
    noteCredential(subject, KEY, subject.kubeletClientKey, notes);
  },
);

function noteCredential(subject: ApiServer, setting: string, reading: Reading<string>, notes: Notes): void {
  const path = notePath(setting, reading, notes);
  if (path === undefined || reading.state !== 'set') return;
  const { origin } = reading;
  const fault = unusable(path);
  if (fault !== undefined) {
    notes.violations.push({
      code: 'unusable',
      setting,
      message: `${setting} is ${JSON.stringify(path)}: ${fault}`,
      origin,
    });
    return;
  }
  switch (subject.view(path)) {
    case 'visible':
    case 'not-shown':
      return;
    case 'not-mounted':
      notes.problems.push({
        code: 'not-mounted',
        message: `${setting} is ${path}, which no volume of the container mounts; unless the image holds it, kube-apiserver would not start. Mount it, or judge the running process`,
        origin,
      });
      return;
    case 'relative':
      notes.problems.push({
        code: 'relative-path',
        message: `${setting} is the relative path ${path}, which depends on the working directory of the process. Use an absolute path, or set workingDir`,
        origin,
      });
  }
}

/** Why no certificate or key can be read from the path, where that is certain. */
function unusable(path: string): string | undefined {
  if (path.trim() === '') return 'white space is not a path';
  if (isNullDevice(path)) return 'it holds no certificate or key, so every TLS handshake with a kubelet fails';
  if (/^["']|["']$/.test(path)) return 'the quotes are part of the file name, because no shell removes them';
  if (/\$\([^)]*\)/.test(path)) return 'the variable is not defined in the container, so it stays as it is';
  return undefined;
}
