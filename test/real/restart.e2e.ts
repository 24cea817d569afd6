// What a sweep, the sweeper and the node agent report while kube-apiserver restarts: nothing that was only true before.

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { GuardReport } from '../../src/outputs/guard-report.ts';
import { Cleanup } from '../e2e/support/cleanup.ts';
import { productCommand } from '../e2e/support/product.ts';
import { run } from '../e2e/support/programs.ts';
import { eventually } from '../e2e/support/wait.ts';
import { install, productIn, quiet } from './support/installation.ts';
import { describeInCluster } from './support/shared.ts';

const CERT = 'apiserver-kubelet-client-cert';
const MANIFEST = '/etc/kubernetes/manifests/kube-apiserver.yaml';
const CONFIG = '/var/lib/kubelet/config.yaml';
const KEY = /^ +- --kubelet-client-key=.*\n/m;

jest.setTimeout(720_000);

type Finding = GuardReport['findings'][number];
type Other = NonNullable<Finding['otherEvidence']>[number];

/** A sweep, or undefined if the API server did not answer it. */
type Moment = GuardReport | undefined;

describeInCluster('while kube-apiserver restarts,', (cluster) => {
  const cleanup = new Cleanup();
  const good = cluster.dir === '' ? '' : readFileSync(join(cluster.dir, 'root', MANIFEST), 'utf8');

  beforeAll(async () => {
    cleanup.add(() => writeManifest(good));
    await install(cluster, cleanup, 'node-agent');
    await eventually('an audit of the node', async () => proc(await sweep())?.result, { within: 120_000 });
    await onNode(`cp ${CONFIG} /run/same && cat /run/same > ${CONFIG} && rm /run/same`);
  });
  afterAll(async () => {
    await cleanup.run();
    // until the kubelet has seen the manifest, the kube-apiserver of before still answers
    await eventually(
      'the mirror pod of the first manifest',
      async () => {
        const pod = await mirrorPod();
        return pod.includes('--kubelet-client-key=') && !pod.includes('--v=1') ? true : undefined;
      },
      { within: 300_000 },
    );
    await eventually('the API server', async () => ((await sweep())?.run.complete === true ? true : undefined), {
      within: 120_000,
    });
    // what was written again is as old as the kubelet then
    const restart = join(process.env.REAL_TESTBED ?? '', 'restart-kubelet.sh');
    expect(await run([restart, cluster.dir], { within: 60_000 })).toMatchObject({ code: 0 });
    // it is not ready while there is no API server
    const ready = ['wait', `node/${cluster.node}`, '--for=condition=Ready', '--timeout=120s'];
    expect(await cluster.kubectl(ready, { within: 130_000 })).toMatchObject({ code: 0 });
    await untilWatchesGoOn();
  }, 1_200_000);

  /**
   * Waits until those who watch know new objects again: they ask an API server that was gone again after half a minute at most.
   * CoreDNS says nowhere whether it does, so its pods are replaced.
   */
  async function untilWatchesGoOn(): Promise<void> {
    const own = (...args: readonly string[]) => cluster.kubectl(['--namespace', 'kube-system', ...args]);
    const service = ['service', 'clusterip', 'after-restart', '--tcp=9153'];
    quiet(await own('rollout', 'restart', 'deployment/coredns'), 'kubectl rollout restart');
    const status = ['--namespace', 'kube-system', 'rollout', 'status', 'deployment/coredns', '--timeout=180s'];
    expect(await cluster.kubectl(status, { within: 190_000 })).toMatchObject({ code: 0 });
    quiet(await own('create', ...service), 'kubectl create service');
    try {
      quiet(await own('set', 'selector', 'service/after-restart', 'k8s-app=kube-dns'), 'kubectl set selector');
      const query = ['get', 'service', 'after-restart', '--output=jsonpath={.spec.clusterIP}'];
      const address = quiet(await own(...query), 'kubectl get service');
      const request = `fetch('http://${address}:9153/metrics', {signal: AbortSignal.timeout(2000)}).then(({ok}) => process.exit(ok ? 0 : 1))`;
      await eventually(
        'a new Service to be routed',
        async () => ((await cluster.enter([process.execPath, '--eval', request])).code === 0 ? true : undefined),
        { within: 120_000 },
      );
    } finally {
      await own('delete', 'service', 'after-restart');
    }
  }

  async function onNode(script: string): Promise<void> {
    expect(await cluster.enter(['sh', '-c', script])).toMatchObject({ code: 0 });
  }

  /** The kubelet must see no half of a file. */
  async function writeManifest(text: string): Promise<void> {
    const encoded = Buffer.from(text).toString('base64');
    await onNode(`echo ${encoded} | base64 -d > /etc/kubernetes/next && mv /etc/kubernetes/next ${MANIFEST}`);
  }

  async function mirrorPod(): Promise<string> {
    const pod = ['get', 'pod', `kube-apiserver-${cluster.node}`, '--namespace', 'kube-system', '--output', 'yaml'];
    return quiet(await cluster.kubectl(pod), 'kubectl get pod');
  }

  async function sweep(): Promise<Moment> {
    const { stdout } = await productIn(cluster, ['sweep', '--all', '--output', 'json']);
    return stdout === '' ? undefined : (JSON.parse(stdout) as GuardReport);
  }

  /** Sweeps until the end that is waited for, and gives all sweeps on the way. */
  async function sweepsUntil(what: string, isReached: (moment: GuardReport) => boolean): Promise<readonly Moment[]> {
    const moments: Moment[] = [];
    await eventually(
      what,
      async () => {
        const moment = await sweep();
        moments.push(moment);
        return moment !== undefined && isReached(moment) ? true : undefined;
      },
      { within: 400_000, context: () => JSON.stringify(moments.at(-1)?.findings.filter(isServer)) },
    );
    return moments;
  }

  /** What holds at every moment of a restart. */
  function expectHonest(moments: readonly Moment[]): void {
    for (const moment of moments) {
      const servers = moment?.findings.filter(isServer) ?? [];
      // a sweep that cannot list pods and nodes knows only the address of its API server
      const strangers = servers.filter(({ subject }) => subject.node !== cluster.node);
      expect({ complete: moment?.run.complete === true, strangers }).toEqual(
        strangers.length === 0
          ? expect.anything()
          : { complete: false, strangers: [expect.objectContaining({ result: 'unknown' })] },
      );
      expect(servers.length).toBeLessThanOrEqual(1);
      // a kubelet replaces the mirror pod of a static pod only after its restart: until then the pod is that of before
      const others = moment?.findings.flatMap(({ otherEvidence = [] }) => otherEvidence) ?? [];
      const isLasting = ({ vantage, pending }: Other) => !['declared', 'running'].includes(vantage) && !pending;
      expect(others.filter((other) => !other.agrees && isLasting(other))).toEqual([]);
    }
  }

  async function events(): Promise<readonly string[]> {
    const { stdout } = await cluster.kubectl(['get', 'events', '--all-namespaces', '--output', 'json']);
    const { items } = JSON.parse(stdout) as {
      items: { reason: string; message: string; involvedObject: { kind: string; name: string } }[];
    };
    return items
      .filter(({ reason }) => reason.startsWith('KubeletGuard'))
      .map(
        ({ reason, message, involvedObject: { kind, name } }) =>
          `${reason} ${kind}/${name} ${message.split(' ')[0] ?? ''}`,
      );
  }

  test('it is one that fails without its key, never passes by an old audit, and nothing disagrees', async () => {
    await writeManifest(good.replace(KEY, ''));

    const moments = await sweepsUntil('the audit of the process without a key', (moment) => {
      return (
        server(moment)?.result === 'fail' && proc(moment)?.result === 'fail' && server(moment)?.subject.kind === 'Pod'
      );
    });

    expectHonest(moments);
    const results = moments.map((moment) => server(moment)?.result ?? 'none');
    const restarted = results.findIndex((result) => result !== 'pass');
    expect(results.slice(restarted)).not.toContain('pass');
    expect(proc(moments.at(-1), 'kubelet-client-ca')?.result).toBe('pass');
  });

  test('a harmless flag changes no finding, and the kubelet passes with a file that was written again', async () => {
    await writeManifest(good.replace(KEY, (line) => `${line}${line.replace(/--.*/, '--v=1')}`));

    const moments = await sweepsUntil('the audit of the process with --v=1', (moment) => {
      return (
        server(moment)?.result === 'pass' && proc(moment)?.result === 'pass' && server(moment)?.subject.kind === 'Pod'
      );
    });

    expectHonest(moments);
    // until the kubelet replaces it, the mirror pod is that of before
    await eventually(
      'the mirror pod with --v=1',
      async () => ((await mirrorPod()).includes('--v=1') ? true : undefined),
      {
        within: 180_000,
      },
    );
    for (const slug of ['kubelet-client-ca', 'kubelet-anonymous-auth', 'kubelet-authorization-mode']) {
      expect(proc(moments.at(-1), slug)?.result).toBe('pass');
    }
  });

  test('no Event is about a disagreement or an address', async () => {
    const found = await events();
    expect(found.filter((line) => /Disagreement|Service\/kubernetes/.test(line))).toEqual([]);
  });

  test('kubelet-guard node on the node has the name of the kubelet', async () => {
    const { stdout } = await cluster.enter(productCommand('node', '--output', 'json'));
    const { findings } = JSON.parse(stdout) as GuardReport;
    expect([...new Set(findings.map(({ subject }) => subject.node))]).toEqual([cluster.node]);
  });
});

function isServer({ control, vantage }: Finding): boolean {
  return control === CERT && vantage !== 'declared';
}

function server(moment: Moment): Finding | undefined {
  return moment?.findings.find(isServer);
}

/** What the node agent shows about a control. */
function proc(moment: Moment, slug = CERT): Other | Finding | undefined {
  const finding = moment?.findings.find(({ control, vantage }) => control === slug && vantage !== 'declared');
  const pieces = finding === undefined ? [] : [finding, ...(finding.otherEvidence ?? [])];
  return pieces.find(({ source }) => 'via' in source && source.via === 'proc');
}
