import { describe, expect, test } from '@jest/globals';

import { notePair, type Faults } from '../../../src/controls/shared/certificate-faults.ts';
import { pemFacts } from '../../../src/evidence/certificates/certificates.ts';
import { authority, CLIENT_AUTH, DAY, issue, NOW } from '../../support/link-certificates.ts';

const ca = await authority();
const at = (time: number) => new Date(time).toISOString().replace('.000Z', 'Z');
const MOMENT = { now: at(NOW.getTime()), soon: at(NOW.getTime() + 30 * DAY) };

async function noted(name: string): Promise<Faults> {
  const { pem, keyPem } = await issue({ name, by: ca, usages: [CLIENT_AUTH] });
  const file = (setting: string, text: string) => ({
    setting,
    path: '/x',
    origin: { layer: 'flag' as const },
    file: { state: 'read' as const, pem: pemFacts(Buffer.from(text)) },
  });
  const faults: Faults = { violations: [], problems: [], warnings: [] };
  notePair(file('--kubelet-client-certificate', pem), file('--kubelet-client-key', keyPem), MOMENT, faults);
  return faults;
}

describe('the name of a client certificate', () => {
  test.each([
    ['O=system:nodes, CN=system:node:n', 'is that of a node (system:nodes)'],
    ['O=system:masters\\,, CN=kube-apiserver', 'has the organization "system:masters,", which is not the group'],
    ['O=system:master, CN=kube-apiserver', 'has the organization "system:master", which is not the group'],
    ['O=System:Masters, CN=kube-apiserver', 'has the organization "System:Masters"'],
    ['O=kubeadm:cluster-admin, CN=kube-apiserver', 'which is not the group kubeadm:cluster-admins'],
    ['OU=system:masters, CN=kube-apiserver', 'as its organizational unit (OU)'],
    ['CN=system:masters', 'has the common name system:masters, which is a user'],
    ['CN=system:kube-scheduler', 'is that of system:kube-scheduler'],
  ])('%s gets a warning, because kubelets answer 403', async (name, message) => {
    const { violations, problems, warnings } = await noted(name);
    expect([violations, problems]).toStrictEqual([[], []]);
    expect(warnings).toMatchObject([{ code: 'no-rights', message: expect.stringContaining(message) as unknown }]);
  });

  test.each([
    'O=system:masters, CN=kube-apiserver-kubelet-client',
    'O=kubeadm:cluster-admins, CN=kube-apiserver-kubelet-client',
    'O=system:nodes, O=system:masters, CN=system:node:n',
    'O=system:masters\\,, O=system:masters, CN=x',
    // somebody may have bound these to a role
    'CN=kubernetes',
    'O=system:nodes, CN=kube-apiserver',
    'O=Kubernetes, OU=Kubernetes The Hard Way, CN=kubernetes',
    'O=kube-master, CN=system:kube-apiserver',
  ])('%s gets none', async (name) => {
    expect((await noted(name)).warnings).toStrictEqual([]);
  });
});
