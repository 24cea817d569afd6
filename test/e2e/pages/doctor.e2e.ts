// docs/doctor.md: what doctor says of an installation, fault by fault, on a real API server. The test stands for the controllers.

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { hostname } from 'node:os';
import { parse } from 'yaml';

import type { Check } from '../../../src/commands/doctor/report.ts';
import { blocksOf } from '../../support/doc-blocks.ts';
import type { DocSession } from '../../support/doc-session.ts';
import { idOf, missingTools, renderOverlay, type Manifest } from '../../support/manifests.ts';
import { succeeded } from '../support/api.ts';
import { describeWith } from '../support/assets.ts';
import { Cleanup } from '../support/cleanup.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { documentedSession } from '../support/documented.ts';
import { apply, leadTo } from '../support/installation.ts';
import { kubectl } from '../support/kubectl.ts';
import { Authority } from '../support/pki.ts';
import { runCli } from '../support/product.ts';
import { startReplica, type Replica } from '../support/replica.ts';
import { addAccount, kubeconfigFor, may, NAMESPACE } from '../support/rights.ts';
import { serveReportApis } from '../support/report-apis.ts';
import { kubeletConfigMap } from '../support/samples.ts';
import { startSweeper } from '../support/sweeper.ts';
import { eventually } from '../support/wait.ts';

jest.setTimeout(120_000);

const NEEDS = { assets: ['etcd', 'kube-apiserver'], tools: missingTools('kubectl') === undefined ? [] : ['kubectl'] };
const CONFIGURATION = 'validatingwebhookconfiguration/kubelet-guard';
const SLICE = 'endpointslice/kubelet-guard-e2e';

describeWith(NEEDS, 'an installation that doctor checks', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let session: DocSession;
  let objects: readonly Manifest[];
  let replica: Replica;

  beforeAll(async () => {
    // the API server connects to the endpoints of the Service, because nothing here routes the addresses of Services
    plane = await startControlPlane(cleanup, { flags: ['--enable-aggregator-routing=true'] });
    await serveReportApis(plane.admin);
    objects = renderOverlay('ratchet');
    const shown = { [hostname()]: 'kubelet-guard-sweeper-7d4b9c6f5-x2x7k', 'context e2e': 'context prod' };
    session = documentedSession(cleanup, plane, { shown });
  }, 120_000);
  afterAll(() => cleanup.run(), 60_000);

  async function change(...args: readonly string[]): Promise<void> {
    const { code, stderr } = await kubectl(plane, ['-n', NAMESPACE, ...args]);
    // kubectl warns about deletions
    if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  }

  const patch = (name: string, value: object, ...flags: readonly string[]) =>
    change('patch', name, '--type', 'merge', '-p', JSON.stringify(value), ...flags);

  /** What the controller of Deployments would write. */
  async function rollOut(name: string, ready: number): Promise<void> {
    const status = {
      replicas: 2,
      updatedReplicas: 2,
      observedGeneration: 1,
      readyReplicas: ready,
      availableReplicas: ready,
    };
    await patch(`deployment/${name}`, { status }, '--subresource=status');
  }

  /** A pod of the webhook in a state that kubelets and the scheduler would write. */
  async function addPod(name: string, status: object): Promise<void> {
    const deployment = objects.find((object) => idOf(object) === 'Deployment kubelet-guard/kubelet-guard');
    const { template } = deployment?.spec as {
      template: { metadata: { labels: Record<string, string> }; spec: object };
    };
    const metadata = { name, namespace: NAMESPACE, labels: template.metadata.labels };
    succeeded(await plane.admin.create({ apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec } as Manifest));
    await patch(`pod/${name}`, { status }, '--subresource=status');
  }

  const removePods = () => change('delete', 'pods', '--all', '--force', '--grace-period=0', '--wait=false');

  const waiting = (reason: string, message: string, more: object = {}) => ({
    phase: 'Pending',
    containerStatuses: [
      {
        name: 'kubelet-guard',
        image: 'x',
        imageID: '',
        ready: false,
        restartCount: 0,
        state: { waiting: { reason, message } },
        ...more,
      },
    ],
  });

  async function doctor(): Promise<ReadonlyMap<string, Check>> {
    const { stdout, stderr } = await runCli(['doctor', '--kubeconfig', plane.kubeconfig, '--output', 'json']);
    if (!stdout.startsWith('{')) throw new Error(stderr);
    return new Map((JSON.parse(stdout) as { checks: readonly Check[] }).checks.map((check) => [check.check, check]));
  }

  const isDenied = () =>
    eventually('the webhook to be called', async () =>
      (await plane.admin.create(kubeletConfigMap(undefined), '?dryRun=All')).status === 403 ? true : undefined,
    );

  /** Waits until the API server grants the sweeper the rights of its ClusterRole, or no longer does. */
  const sweeperMayListNodes = (wanted: boolean) =>
    eventually('the API server to see the change of rights', async () => {
      const isAllowed = await may(plane.admin, 'kubelet-guard-sweeper', { verb: 'list', resource: 'nodes' });
      return isAllowed === wanted ? true : undefined;
    });

  test('is named as missing in one line', async () => {
    await session.run('doctor-not-installed');
  });

  test('whose image cannot be pulled', async () => {
    await apply(plane, objects);
    for (const name of ['a', 'b']) {
      await addPod(
        `kubelet-guard-${name}`,
        waiting('ImagePullBackOff', 'Back-off pulling image "registry.example.com/kubelet-guard:0.1.0"'),
      );
    }
    await session.run('doctor-image');
  });

  test.each([
    [
      'crashes',
      waiting('CrashLoopBackOff', 'back-off 10s', {
        lastState: { terminated: { exitCode: 2, reason: 'Error', startedAt: null, finishedAt: null, containerID: '' } },
      }),
      'kubelet-guard: 1 pod: CrashLoopBackOff: back-off 10s; it last ended with exit code 2 (Error)',
      'kubectl logs --previous',
    ],
    [
      'fits on no node',
      {
        phase: 'Pending',
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'Unschedulable',
            message: '0/3 nodes are available: 3 Insufficient cpu.',
          },
        ],
      },
      'kubelet-guard: 1 pod: Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.',
      'requests, taints and affinity',
    ],
    [
      'is not ready',
      { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
      'kubelet-guard: 1 pod: it runs, and is not ready: see its log',
      'describe pods',
    ],
  ])('whose pod %s', async (_name, status, detail, remedy) => {
    await removePods();
    await addPod('kubelet-guard-c', status);
    const pods = (await doctor()).get('pods');
    expect(pods).toMatchObject({ result: 'problem', message: expect.stringContaining('kubelet-guard 0 of 2 ready') });
    expect(pods?.details).toContain(detail);
    expect(pods?.remedy).toContain(remedy);
  });

  test('that works', async () => {
    await removePods();
    replica = await startReplica(cleanup, plane, objects, await kubeconfigFor(plane, 'kubelet-guard'));
    await leadTo(plane.admin, replica.port);
    await startSweeper(cleanup, plane, await kubeconfigFor(plane, 'kubelet-guard-sweeper'));
    for (const name of ['kubelet-guard', 'kubelet-guard-sweeper']) await rollOut(name, 2);
    await isDenied();
    await eventually('a replica to lead', async () =>
      (await doctor()).get('sweeps')?.result === 'ok' ? true : undefined,
    );
    await session.run('doctor-ok');
  });

  test('whose user has no rights is unknown, and never ok', async () => {
    const blind = documentedSession(cleanup, plane, {
      kubeconfig: await addAccount(plane, 'jane', []),
      shown: { 'context e2e': 'context prod' },
    });
    await blind.run('doctor-no-rights');
  });

  test('is checked completely with the rights that the page lists', async () => {
    const [block] = blocksOf('docs/doctor.md').filter(({ language }) => language === 'yaml');
    const { rules } = parse(block?.text ?? '') as { rules: Parameters<typeof addAccount>[2] };
    const kubeconfig = await addAccount(plane, 'inspector', rules);
    const { code, stdout } = await runCli(['doctor', '--kubeconfig', kubeconfig]);
    expect(stdout).toContain(', 0 problems, 0 unknown');
    expect(code).toBe(0);
  });

  test('one of whose policies is missing, and another only audits', async () => {
    await change('delete', 'validatingadmissionpolicy/kubelet-guard-registration');
    await patch('validatingadmissionpolicybinding/kubelet-guard-sweeper', { spec: { validationActions: ['Audit'] } });
    try {
      await session.run('doctor-policies');
    } finally {
      await apply(plane, objects);
    }
  });

  test('whose account has lost its role', async () => {
    await change('delete', 'clusterrolebinding/kubelet-guard-sweeper');
    try {
      await sweeperMayListNodes(false);
      await session.run('doctor-missing-rights');
    } finally {
      await apply(plane, objects);
      await sweeperMayListNodes(true);
    }
  });

  test('without endpoints, though its pods are ready', async () => {
    await change('delete', SLICE);
    try {
      await eventually('the webhook to be called no longer', async () =>
        (await plane.admin.create(kubeletConfigMap(undefined), '?dryRun=All')).status === 201 ? true : undefined,
      );
      await session.run('doctor-no-endpoints');
    } finally {
      await leadTo(plane.admin, replica.port);
      await isDenied();
    }
  });

  test('whose webhook is stopped', async () => {
    replica.program.kill('SIGKILL');
    await replica.program.ended;
    await session.run('doctor-stopped');
  });

  test('without a caBundle', async () => {
    const json = JSON.stringify([{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }]);
    await change('patch', CONFIGURATION, '--type', 'json', '-p', json);
    await session.run('doctor-no-certificate');
  });

  test('whose caBundle is of another CA', async () => {
    const caBundle = Buffer.from(new Authority('kubelet-guard CA').certificate).toString('base64');
    const json = JSON.stringify([{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: caBundle }]);
    await change('patch', CONFIGURATION, '--type', 'json', '-p', json);
    await session.run('doctor-wrong-ca');
  });

  test('whose certificate has expired', async () => {
    const authority = new Authority('kubelet-guard CA');
    const hosts = ['kubelet-guard.kubelet-guard.svc'];
    const { certificate, key } = authority.issue({
      name: 'kubelet-guard',
      hosts,
      notAfter: new Date(Date.now() - 60_000),
    });
    const data = Object.entries({ 'tls.crt': certificate, 'tls.key': key }).map(([name, text]) => [
      name,
      Buffer.from(text).toString('base64'),
    ]);
    await patch('secret/kubelet-guard-tls', { data: Object.fromEntries(data) as object });
    const value = Buffer.from(authority.certificate).toString('base64');
    const json = JSON.stringify([{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value }]);
    await change('patch', CONFIGURATION, '--type', 'json', '-p', json);
    await session.run('doctor-expired');
  });
});
