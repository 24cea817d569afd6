// Edge cases of answers of running processes that a file can contain, rows 126-143.

import { apiServer, CA_FIELD, CERTIFICATE, KEY, kubelet, NO_FINDING, PASS, text, withCA, type Row } from './show.ts';

const configz = (x509: unknown): string =>
  JSON.stringify({
    kubeletconfig: {
      syncFrequency: '1m0s',
      authentication: { x509, webhook: { enabled: true, cacheTTL: '2m0s' }, anonymous: { enabled: false } },
      kind: 'KubeletConfiguration',
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
    },
  });

/** Rows 126-128 and 143. */
export const rows: readonly Row[] = [
  {
    row: 126,
    title: 'a /configz body with `x509: {}`',
    show: () => text(configz({})),
    expected: [`fail missing ${CA_FIELD}`],
  },
  {
    row: 127,
    title: 'a /configz body with a path',
    show: () => text(configz({ clientCAFile: '/etc/kubernetes/pki/ca.crt' })),
    expected: PASS,
    effective: '/etc/kubernetes/pki/ca.crt',
  },
  { row: 128, title: 'JSON without `kubeletconfig`', show: () => text('{"status":"ok"}'), expected: NO_FINDING },
  { row: 128, title: "a proxy's page", show: () => text('<html><body>Sign in</body></html>'), expected: NO_FINDING },
  {
    row: 143,
    title: 'a Windows path in the file of --config is absolute',
    show: () => kubelet('--config=/k/config.yaml', { '/k/config.yaml': withCA(String.raw`c:\k\ca.crt`) }),
    expected: PASS,
    effective: String.raw`c:\k\ca.crt`,
  },
  {
    row: 143,
    title: 'a Windows path in the flag, as AKS writes it',
    show: () => kubelet(String.raw`--client-ca-file=c:\k\ca.crt`),
    expected: PASS,
    effective: String.raw`c:\k\ca.crt`,
  },
  {
    row: 143,
    title: 'Windows paths of kube-apiserver are not relative',
    show: () => apiServer(String.raw`${CERTIFICATE}=c:\k\c.crt`, String.raw`${KEY}=c:/k/c.key`),
    expected: PASS,
  },
];
