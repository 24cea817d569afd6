// Components that units start in containers, and those that units would start.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { auditHost } from '../../../src/commands/node/host.ts';
import type { GuardReport } from '../../../src/outputs/guard-report.ts';
import { buildHost } from './node-host.ts';
import { rendered } from '../../support/rendered.ts';

const ID = '4f5d2a0c9b7e6d1f3a8c5e2b4d7f9a1c3e5b7d9f1a3c5e7b9d1f3a5c7e9b1d3f';
const CONFIG = '/var/lib/kubelet/config.yaml';
const FILES = `=== process 1
cgroup /init.scope
/sbin/init
=== /etc/hostname
node-1
=== ${CONFIG}
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}
=== certificates
ca /etc/kubernetes/pki/ca.crt
certificate /etc/kubernetes/pki/client.crt
key /etc/kubernetes/pki/client.key
`;
const PAIR =
  '--kubelet-client-certificate=/etc/kubernetes/pki/client.crt --kubelet-client-key=/etc/kubernetes/pki/client.key --kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt';
const MOUNTS = '-v /var/lib/kubelet:/var/lib/kubelet -v /etc/kubernetes:/etc/kubernetes:ro';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kubelet-guard-units-'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function unit(name: string, exec: string): string {
  return `=== /etc/systemd/system/${name}\n[Service]\nExecStart=${exec}\n`;
}

function running(cgroup: string, ...args: readonly string[]): string {
  const words = ['kubelet', `--config=${CONFIG}`, ...args].join('\n');
  return `=== process 700\nexe /usr/bin/kubelet\ncgroup ${cgroup}\n${words}\n`;
}

/** The control, its result, and what the next start says. */
async function audit(text: string, boot?: number) {
  buildHost(root, FILES + text, boot);
  const { output, errors, exitCode } = rendered(
    await auditHost(
      {
        root,
        config: undefined,
        evidence: ['proc'],
        failOn: 'unknown',
      },
      { now: () => new Date('2026-03-01T12:00:00Z'), clock: () => performance.now() },
      new AbortController().signal,
    ),
  );
  const { findings } = JSON.parse(output) as GuardReport;
  const shown = findings.map(({ control, result, problems, otherEvidence = [] }) => {
    const pending = otherEvidence.find((other) => other.pending);
    const next = pending === undefined ? [] : [`next ${pending.result}`];
    return [control, result, ...problems.map(({ code }) => code), ...next].join(' ');
  });
  return { shown, errors, exitCode };
}

const KUBELET_PASSES = ['kubelet-client-ca pass', 'kubelet-anonymous-auth pass', 'kubelet-authorization-mode pass'];

describe('a kubelet in a container that a unit runs', () => {
  test.each([
    [
      'docker',
      `/system.slice/docker-${ID}.scope`,
      `/usr/bin/docker run --rm --name kubelet --net=host --pid=host --privileged ${MOUNTS} example/kubelet kubelet --config=${CONFIG}`,
    ],
    [
      'docker with cgroupfs',
      `/docker/${ID}`,
      `/usr/bin/docker run --rm -it --net host --pid host ${MOUNTS} example/hyperkube:v1.30.1 /hyperkube kubelet --config=${CONFIG}`,
    ],
    [
      'podman',
      `/machine.slice/libpod-${ID}.scope/container`,
      `/usr/bin/podman run --replace --name kubelet ${MOUNTS} example/kubelet kubelet --config ${CONFIG}`,
    ],
    [
      'nerdctl',
      `/default/${ID}`,
      `/usr/local/bin/nerdctl --namespace k8s.io run --net host ${MOUNTS} --entrypoint /kubelet example/kubelet --config=${CONFIG}`,
    ],
    [
      'ctr',
      `/k8s.io/${ID}`,
      `/usr/bin/ctr -n k8s.io run --rm --net-host --mount type=bind,src=/var/lib/kubelet,dst=/var/lib/kubelet,options=rbind:rw docker.io/example/kubelet:v1 kubelet kubelet --config=${CONFIG}`,
    ],
    ['a shell', `/docker/${ID}`, `/bin/sh -c 'exec docker run --net=host example/kubelet'`],
    ['a script', `/docker/${ID}`, '/opt/start-kubelet.sh'],
    [
      'podman as Quadlet writes it',
      `/system.slice/kubelet.service/libpod-payload-${ID}`,
      `/usr/bin/podman run --name systemd-%N --cidfile=/run/%N.cid --replace --rm --cgroups=split --sdnotify=conmon -d ${MOUNTS} example/kubelet kubelet --config=${CONFIG}`,
    ],
    ['an image whose command is not shown', `/docker/${ID}`, `/usr/bin/docker run --net=host example/kubelet`],
  ])('is one kubelet: %s', async (_, cgroup, exec) => {
    const { shown, errors, exitCode } = await audit(running(cgroup) + unit('kubelet.service', exec));
    expect([shown, errors, exitCode]).toStrictEqual([KUBELET_PASSES, [], 0]);
  });

  test('fails with its next start if its unit was changed', async () => {
    const exec = `/usr/bin/docker run --net=host ${MOUNTS} example/kubelet kubelet --config=${CONFIG} --client-ca-file=`;
    const { shown, exitCode } = await audit(running(`/docker/${ID}`) + unit('kubelet.service', exec));
    expect([shown[0], exitCode]).toStrictEqual(['kubelet-client-ca pass next fail', 1]);
  });

  test('is another one than that of a node in a container, of a pod, or of a user', async () => {
    const exec = `/usr/bin/docker run --net=host ${MOUNTS} example/kubelet kubelet --config=${CONFIG} --client-ca-file=`;
    for (const cgroup of [
      `/docker/${ID}/kubelet.slice/kubelet.service`,
      `/kubepods/burstable/pod1/${ID}`,
      `/user.slice/user-1000.slice/libpod-${ID}.scope`,
    ]) {
      const { shown, errors } = await audit(running(cgroup) + unit('kubelet.service', exec));
      expect(shown).toContain('kubelet-client-ca fail');
      expect(errors.join()).toContain('its unit runs no kubelet');
      rmSync(root, { recursive: true });
    }
    buildHost(root, '');
  });
});

describe('a unit that runs nothing', () => {
  test.each([
    ['a good kube-apiserver', `/usr/bin/kube-apiserver ${PAIR}`, ['pass', 'pass'], 0],
    [
      'one without a key',
      `/usr/bin/kube-apiserver ${PAIR.replace(/--kubelet-client-key=\S+/, '')}`,
      ['fail', 'pass'],
      1,
    ],
    ['one that would not start', `/usr/bin/kube-apiserver ${PAIR} true`, ['fail', 'fail'], 1],
    ['one with a missing file', `/usr/bin/kube-apiserver ${PAIR.replace('client.key', 'none')}`, ['fail', 'pass'], 1],
    ['one in a container', `/usr/bin/docker run --rm ${MOUNTS} x/y kube-apiserver ${PAIR}`, ['pass', 'pass'], 0],
    ['a script', '/opt/kube-apiserver.sh', ['unknown unknown-wrapper', 'unknown unknown-wrapper'], 3],
  ])('would start %s', async (_, exec, results, exitCode) => {
    const answer = await audit(unit('kube-apiserver.service', exec));
    expect(answer.shown).toStrictEqual(
      ['apiserver-kubelet-client-cert', 'apiserver-kubelet-ca'].map((control, at) => `${control} ${results[at] ?? ''}`),
    );
    expect([answer.exitCode, answer.errors]).toStrictEqual([
      exitCode,
      ['node-1: its unit runs no kube-apiserver; the kube-apiserver that it would start is checked'],
    ]);
  });

  test('is not judged beside a kube-apiserver that runs', async () => {
    const words = ['kube-apiserver', ...PAIR.split(' ')].join('\n');
    const process = `=== process 900\nexe /usr/bin/kube-apiserver\ncgroup /kubepods/pod1/${ID}\n${words}\n`;
    const { errors, exitCode } = await audit(process + unit('kube-apiserver.service', '/usr/bin/kube-apiserver'));
    expect([errors, exitCode]).toStrictEqual([[], 0]);
  });

  test('is that of a server, which an agent has too', async () => {
    const text =
      running('/system.slice/rke2-agent.service') + unit('rke2-server.service', '/usr/local/bin/rke2 server');
    const { shown, errors } = await audit(text + unit('rke2-agent.service', '/usr/local/bin/rke2 agent'));
    expect([shown.filter((line) => line.startsWith('apiserver')), errors]).toStrictEqual([[], expect.anything()]);
  });

  test('reads only files of the container that it shows', async () => {
    const exec = `/usr/bin/docker run --net=host -v /srv:/var/lib/kubelet example/kubelet kubelet --config=${CONFIG}`;
    const { shown, exitCode } = await audit(unit('kubelet.service', exec));
    expect([shown[0], exitCode]).toStrictEqual(['kubelet-client-ca unknown not-mounted', 3]);
  });
});

describe('RKE2', () => {
  const TLS = '/var/lib/rancher/rke2/server/tls';
  const words = [
    'kube-apiserver',
    `--kubelet-certificate-authority=${TLS}/server-ca.crt`,
    `--kubelet-client-certificate=${TLS}/client-kube-apiserver.crt`,
    `--kubelet-client-key=${TLS}/client-kube-apiserver.key`,
    `--tls-cert-file=${TLS}/serving-kube-apiserver.crt`,
  ];
  const process = `=== process 900\nexe /usr/bin/kube-apiserver\ncgroup /kubepods/pod1/${ID}\n${words.join('\n')}\n`;
  const pair = `certificate ${TLS}/client-kube-apiserver.crt\nkey ${TLS}/client-kube-apiserver.key\n`;
  const host = process + unit('rke2-server.service', '/usr/local/bin/rke2 server') + `=== certificates\n${pair}`;

  test('writes the static pod of its kube-apiserver anew: a later argument counts', async () => {
    const config = '=== /etc/rancher/rke2/config.yaml\nkube-apiserver-arg: [kubelet-client-key=]\n';
    const { shown, exitCode } = await audit(config + host);
    expect([shown.find((line) => line.startsWith('apiserver-kubelet-client-cert')), exitCode]).toStrictEqual([
      'apiserver-kubelet-client-cert pass next fail',
      1,
    ]);
  });

  test('has the same kube-apiserver after its next start if nothing was changed', async () => {
    const config = '=== /etc/rancher/rke2/config.yaml\nkube-apiserver-arg: [profiling=true]\n';
    const { shown, exitCode } = await audit(config + host);
    expect([shown.filter((line) => line.includes('next')), exitCode]).toStrictEqual([[], 0]);
  });
});
