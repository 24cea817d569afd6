// Processes whose certificate files have one fault each, as a host shows them.

import type { ProcessDocument } from '../../src/policy/document.ts';
import { checkTimeAt } from '../../src/runtime/configuration/certificates.ts';
import { readCertificateFiles } from '../../src/evidence/host/certificates.ts';
import { configuration, filesOf, processOf } from '../facts/host/documents.ts';
import { authority, client, DAY, issue, NOW, SERVER_AUTH, type Wanted } from './link-certificates.ts';

const CONFIG = '/var/lib/kubelet/config.yaml';
const days = (count: number) => new Date(NOW.getTime() + count * DAY);
const PAST = { from: days(-9), to: days(-1) };

/** A kube-apiserver with these files, beside a kubelet with this client CA file. */
function apiServer(certificate: string, key: string, authorities: string): ProcessDocument {
  const files = { '/a.crt': certificate, '/a.key': key };
  const ca = { path: '/ca.crt', bytes: Buffer.from(authorities) };
  const args = ['--kubelet-client-certificate=/a.crt', '--kubelet-client-key=/a.key'];
  const certificates = readCertificateFiles(filesOf(files), checkTimeAt(NOW, undefined), () => ca);
  return processOf('kube-apiserver', args, files, { certificates });
}

function kubelet(authorities: string): ProcessDocument {
  const files = { [CONFIG]: configuration('/ca.crt'), '/ca.crt': authorities };
  const certificates = readCertificateFiles(filesOf(files), checkTimeAt(NOW, undefined), () => undefined);
  return processOf('kubelet', [`--config=${CONFIG}`], files, { certificates });
}

/** Processes that together have every possible fault of a certificate file. */
export async function faultyLinks(): Promise<ProcessDocument[]> {
  const ca = await authority();
  const other = await client(ca);
  const clients: readonly Wanted[] = [
    PAST,
    { from: days(1) },
    { to: days(9) },
    { usages: [SERVER_AUTH] },
    { name: 'O=system:masters' },
    { name: 'O=system:nodes, CN=system:node:n' },
    { critical: '1.2.3.4' },
    { by: await authority({ name: 'CN=other' }) },
  ];
  const authorities: readonly Wanted[] = [
    PAST,
    { from: days(1) },
    { to: days(9) },
    { ca: { isCA: false } },
    { usages: [SERVER_AUTH] },
    { name: 'C=US, O=Internet Security Research Group, CN=ISRG Root X1' },
  ];
  const made = await Promise.all(clients.map((wanted) => client(ca, wanted)));
  const roots = await Promise.all(authorities.map((wanted) => issue({ ca: { isCA: true }, ...wanted })));
  return [
    ...made.map(({ pem, keyPem }) => apiServer(pem, keyPem, ca.pem)),
    apiServer(other.keyPem, other.pem, ca.pem),
    apiServer(other.pem, ca.keyPem, ca.pem),
    ...roots.map(({ pem }) => kubelet(pem)),
  ];
}
