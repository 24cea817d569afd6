import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { nameOfNode } from '../../../src/commands/node/name.ts';
import { processOf } from '../../facts/host/documents.ts';
import { issue } from '../../support/link-certificates.ts';

const { pem: worker } = await issue({ name: 'O=system:nodes, CN=system:node:Worker-7' });
const { pem: admin } = await issue({ name: 'CN=kubernetes-admin' });

const KUBECONFIG = '/etc/kubernetes/kubelet.conf';
const CURRENT = '/var/lib/kubelet/pki/kubelet-client-current.pem';
const FLAG = `--kubeconfig=${KUBECONFIG}`;

function kubeconfig(user: object, context = 'here'): string {
  return JSON.stringify({
    'current-context': 'here',
    contexts: [
      { name: 'other', context: { user: 'nobody' } },
      { name: context, context: { user: 'me' } },
    ],
    users: [
      { name: 'nobody', user: {} },
      { name: 'me', user },
    ],
  });
}

const certified = { [KUBECONFIG]: kubeconfig({ 'client-certificate': CURRENT }), [CURRENT]: worker };

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kubelet-guard-name-'));
  mkdirSync(join(root, 'proc'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe('the name of a node is', () => {
  test.each([
    ['its --hostname-override', [FLAG, '--hostname-override= Given '], certified, 'given'],
    ['the subject of its client certificate', [FLAG], certified, 'worker-7'],
    ['the same if --hostname-override is empty', [FLAG, '--hostname-override='], certified, 'worker-7'],
    [
      'that of a certificate beside the kubeconfig',
      [FLAG],
      { [KUBECONFIG]: kubeconfig({ 'client-certificate': 'pki/a.pem' }), '/etc/kubernetes/pki/a.pem': worker },
      'worker-7',
    ],
    [
      'that of a certificate in the kubeconfig',
      [FLAG],
      { [KUBECONFIG]: kubeconfig({ 'client-certificate-data': Buffer.from(worker).toString('base64') }) },
      'worker-7',
    ],
    ['not the subject of another caller', [FLAG], { ...certified, [CURRENT]: admin }, 'kernel'],
    ['not in a certificate that cannot be read', [FLAG], { ...certified, [CURRENT]: 'nonsense' }, 'kernel'],
    [
      'not in the kubeconfig of another context',
      [FLAG],
      { ...certified, [KUBECONFIG]: kubeconfig({ 'client-certificate': CURRENT }, 'third') },
      'kernel',
    ],
    ['not in a kubeconfig that cannot be read', [FLAG], { ...certified, [KUBECONFIG]: '{' }, 'kernel'],
    ['else the name of the kernel', [], {}, 'kernel'],
    ['not that of /etc/hostname, which can be another', [], { '/etc/hostname': 'written\n' }, 'kernel'],
  ])('%s', (_what, args, files, expected) => {
    put('proc/sys/kernel/hostname', ' Kernel\n');
    expect(nameOfNode(processOf('kubelet', args, files), root)).toStrictEqual({ name: expected });
  });

  test('that of the kernel for a kube-apiserver without a kubelet', () => {
    put('proc/sys/kernel/hostname', 'kernel\n');
    expect(nameOfNode(processOf('kube-apiserver', [FLAG], certified), root).name).toBe('kernel');
  });

  test('that of /etc/hostname in a copy of a host without /proc/sys', () => {
    expect(nameOfNode(processOf('kubelet', [], { '/etc/hostname': ' Written\n' }), root)).toStrictEqual({
      name: 'written',
    });
  });

  test('none if nothing shows it, and a note says so', () => {
    const { name, note } = nameOfNode(processOf('kubelet', [], { '/etc/hostname': '\n' }), root);
    expect(name).toBe('unnamed');
    expect(note).toContain(`can be read below ${root}`);
  });

  test('that of this process for a process in its UTS namespace', () => {
    expect(nameOfNode(processOf('kubelet', [], { '/etc/hostname': 'written' }), '/', '/proc/self').name).toBe(
      hostname().toLowerCase(),
    );
  });

  test('doubted if only /etc/hostname shows it on a running host', () => {
    const found = processOf('kubelet', [], { '/etc/hostname': 'written' });
    expect(nameOfNode(found, '/', '/nowhere')).toMatchObject({
      name: 'written',
      note: expect.stringContaining('may have another name') as unknown,
    });
  });
});
