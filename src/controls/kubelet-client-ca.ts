// CIS Kubernetes 4.2.3 (AKS, EKS and GKE 3.2.3) wants the kubelet's client CA file "set as appropriate". Without it the
// kubelet never asks its caller for a certificate (kubernetes pkg/kubelet/kubelet.go:970, cmd/kubelet/app/auth.go:74). With
// it the kubelet's TLS hello asks for one and names the CAs of the file, which has at least one, or the kubelet exits
// (kubelet.go:970-993; client-go util/cert/io.go:88, pem.go: no certificate is an error).

import type { Reading } from '../policy/reading.ts';
import type { Kubelet } from '../policy/subject.ts';
import { CA_CODES, noteClientCA } from './shared/authority-faults.ts';
import { defineControl, type Notes } from './shared/define-control.ts';
import { unusableAs } from './shared/path-faults.ts';
import { noteKubeletPath } from './shared/paths.ts';
import { noteClientAuthorities } from './shared/seen-certificates.ts';
import { kubeletRemediation } from './shared/remedies/kubelet.ts';

const HELLO = 'client CAs of the TLS hello';
const USELESS = 'it holds no CA, so the kubelet would exit at start';

/** Bundles of public CAs, by distribution. Anybody with a client certificate of one of these CAs would get an identity. */
const PUBLIC_BUNDLES: ReadonlySet<string> = new Set([
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/ssl/cert.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/pki/tls/cert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/var/lib/ca-certificates/ca-bundle.pem',
]);

export const kubeletClientCA = defineControl(
  {
    slug: 'kubelet-client-ca',
    component: 'kubelet',
    title: 'The kubelet knows the CA that signs its callers',
    expected: 'authentication.x509.clientCAFile (--client-ca-file) is the path of a CA bundle',
    rationale:
      "Logs, exec, attach and port-forward end at the kubelet's HTTPS endpoint. Without a client CA the kubelet does not " +
      'ask for a certificate, so kube-apiserver never presents its own, and the call is anonymous.',
    remediation: kubeletRemediation({
      field: 'authentication.x509.clientCAFile',
      flag: 'client-ca-file',
      value: 'the path of the CA that signs the client certificate of kube-apiserver',
      usual: '/etc/kubernetes/pki/ca.crt',
      kops: 'clientCaFile',
    }),
    codes: {
      missing:
        'No file, drop-in or flag sets a client CA file, or the running kubelet asks its callers for no certificate.',
      empty:
        'The file, drop-in or flag that decides sets the client CA file to an empty value, or the running kubelet names no CA.',
      unusable: unusableAs('a CA bundle'),
      'would-not-start':
        'The kubelet would exit with this configuration, or with this client CA file, instead of starting.',
      ...CA_CODES,
    },
    fileCodes: new Set(Object.keys(CA_CODES)),
    differences:
      'Remediation 1 of the AKS text says to set the parameter "to false", which belongs to another control. Its ' +
      "rationale describes the kubelet's serving certificate, which is CIS Kubernetes 1.2.5. Its second audit reads " +
      '/configz through the API server, which does not work if either side of the connection is broken. kubelet-guard ' +
      'checks the effective value after file, drop-ins and flags, or what the running kubelet answers. The check text of ' +
      'DISA STIG V-242420 makes the flag --client-ca-file itself a finding, even with a correct value: kubelet-guard ' +
      'passes it, because the kubelet uses the value either way.',
    defaults: { action: 'ratchet' },
  },
  (subject) => {
    const { clientCAFile, acceptedAuthorities } = subject;
    if (!clientCAFile && !acceptedAuthorities) return undefined;
    return (notes) => {
      if (clientCAFile) noteFile(subject, notes);
      else if (acceptedAuthorities) noteHello(acceptedAuthorities, notes);
    };
  },
);

function noteFile(subject: Kubelet, notes: Notes): void {
  const found = noteKubeletPath(subject, 'clientCAFile', USELESS, notes);
  if (found === undefined) return;
  const { setting, path, origin } = found;
  const { clientCA } = subject;
  if (clientCA) {
    noteClientAuthorities(path, clientCA.file, notes);
    noteClientCA({ ...found, file: clientCA.file }, clientCA.moment, notes);
  } else if (PUBLIC_BUNDLES.has(path)) {
    const message = `${setting} is ${path}, a bundle of public CAs: anyone with a certificate of one of them gets an identity`;
    notes.warnings.push({ code: 'public-bundle', setting, message, origin });
  }
}

/** Names alone do not show whether the CAs are public ones. */
function noteHello(reading: Reading<readonly string[]>, notes: Notes): void {
  switch (reading.state) {
    case 'unreadable':
      notes.problems.push(reading.problem);
      return;
    case 'unset': {
      const message = 'the kubelet asks its callers for no certificate in its TLS hello, so it uses no client CA';
      notes.violations.push({ code: 'missing', setting: HELLO, message });
      return;
    }
    case 'set': {
      const { value, origin } = reading;
      notes.evidence.push(...value.map((name) => ({ setting: HELLO, value: name, origin })));
      if (value.length > 0) return;
      const message =
        'the kubelet asks its callers for a certificate in its TLS hello, but names no CA that it accepts, so it uses no client CA file';
      notes.violations.push({ code: 'empty', setting: HELLO, message, origin });
    }
  }
}
