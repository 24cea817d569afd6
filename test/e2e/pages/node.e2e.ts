// docs/node.md: what an audit prints, on hosts that are copies, and as a user without rights.

import { copyFileSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { afterAll, jest, test } from '@jest/globals';

import { buildHost, readLayout } from '../../commands/node/node-host.ts';
import { startDocSession, type DocSession } from '../../support/doc-session.ts';
import { authority, client } from '../../support/link-certificates.ts';
import { describeWith } from '../support/assets.ts';
import { Cleanup } from '../support/cleanup.ts';
import { productCommand } from '../support/product.ts';

jest.setTimeout(60_000);

const PKI = '/etc/kubernetes/pki';

/** A control plane host of kubeadm whose client certificate has expired, and whose CA was created again since. */
async function expiredHost(): Promise<string> {
  const past = { from: new Date('2025-11-25T20:54:30Z'), to: new Date('2026-11-25T20:54:30Z') };
  const lasting = { from: new Date('2025-11-25T20:54:30Z'), to: new Date('2099-01-01T00:00:00Z') };
  const [old, now] = [await authority(lasting), await authority(lasting)];
  const pair = await client(old, past);
  return `=== process 700
exe /usr/bin/kubelet
/usr/bin/kubelet
--config=/var/lib/kubelet/config.yaml
=== process 900
exe /usr/local/bin/kube-apiserver
kube-apiserver
--kubelet-certificate-authority=${PKI}/ca.crt
--kubelet-client-certificate=${PKI}/apiserver-kubelet-client.crt
--kubelet-client-key=${PKI}/apiserver-kubelet-client.key
=== /etc/hostname
node-1
=== /var/lib/kubelet/config.yaml
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  x509: {clientCAFile: ${PKI}/ca.crt}
authorization: {mode: Webhook}
=== ${PKI}/ca.crt
${now.pem}=== ${PKI}/apiserver-kubelet-client.crt
${pair.pem}=== ${PKI}/apiserver-kubelet-client.key
${pair.keyPem}`;
}

describeWith({ assets: [], tools: ['unshare', 'setpriv', 'mkfifo'], root: true }, 'the page of the node audit', () => {
  const cleanup = new Cleanup();
  afterAll(() => cleanup.run());

  function startSession(program: readonly string[], shown: Readonly<Record<string, string>> = {}): DocSession {
    const session = startDocSession({ programs: { 'kubelet-guard': program }, shown });
    cleanup.add(() => {
      session.end();
    });
    return session;
  }

  /** A session in which a host is the one that is audited. */
  function sessionOn(host: string): DocSession {
    const [node = '', main = ''] = productCommand();
    const session = startSession(['sh', '-c', `shift; exec "$0" "${main}" node --root host "$@"`, node]);
    mkdirSync(join(session.folder, 'host'));
    buildHost(join(session.folder, 'host'), host);
    return session;
  }

  test('shows a fault that the next start has', async () => {
    await sessionOn(readLayout('aks.txt')).run('node-next-start');
  });

  test('shows the faults of certificate files', async () => {
    await sessionOn(await expiredHost()).run('node-files');
  });

  test('shows what a user without rights sees', async () => {
    // a process with the name and the flags of a kubelet, which waits for a full pipe, in a process namespace of its own
    const script = [
      'mkfifo pipe; exec 3<>pipe; head --bytes=65536 /dev/zero >&3',
      './kubelet --config=/var/lib/kubelet/config.yaml >&3 3>&- &',
      'exec setpriv --reuid=65534 --regid=65534 --clear-groups "$0" "$@" 3>&-',
    ].join('\n');
    const session = startSession(
      [
        ...['unshare', '--pid', '--fork', '--kill-child', '--mount', '--mount-proc', 'sh', '-c', script],
        ...productCommand(),
      ],
      { [`Host ${hostname()}`]: 'Host node-1', [`on ${hostname()}`]: 'on node-1' },
    );
    copyFileSync('/bin/echo', join(session.folder, 'kubelet'));
    await session.run('node-rights');
  });
});
