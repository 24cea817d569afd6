import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';

import { clusterEvidence } from '../../src/commands/sweep-deps.ts';
import { REPORT_RESOURCES } from '../../src/outputs/cluster/objects.ts';
import { connectCluster, type Cluster } from '../../src/kube/cluster.ts';
import { eventSink } from '../../src/kube/objects/events.ts';
import { leaseOf } from '../../src/kube/objects/lease.ts';
import type { NodeTarget } from '../../src/evidence/evidence.ts';
import type { ObjectApi } from '../../src/kube/watch/object-watch.ts';
import { webhookConfigurationOf } from '../../src/kube/objects/webhook-configuration.ts';
import { reportClient, type StoredReportAnswer } from '../../src/kube/objects/reports.ts';
import { secretOf } from '../../src/kube/objects/secret.ts';
import { succeeded, type KubeObject } from './support/api.ts';
import { addService, startCertified, type CertifiedGuard } from './support/certificates.ts';
import { Cleanup } from './support/cleanup.ts';
import { describeWith } from './support/assets.ts';
import { controls } from '../../src/controls/index.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { forward } from './support/forwarder.ts';
import { WITHOUT_CLIENT_CA } from './support/kubelet-setups.ts';
import { addNetwork } from './support/network.ts';
import { NODE_NEEDS, startNode } from './support/node.ts';
import { runCli } from './support/product.ts';
import { eventsOf, serveReportApis, storedReports } from './support/report-apis.ts';
import { giveRights, kubeconfigFor, NAMESPACE, untilGranted } from './support/rights.ts';
import { configMap, kubeletConfigMap } from './support/samples.ts';
import { shippedObjects, shippedRules } from './support/shipped-rules.ts';
import { findingOf, startSweeper, type Sweeper } from './support/sweeper.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(120_000);

const BASE = new URL('../../manifests/base/', import.meta.url);
const LEASE = { namespace: NAMESPACE, name: 'kubelet-guard-sweeper' };
const LEASE_PATH = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/${LEASE.name}`;
/** As documented, but with shorter intervals. */
const ROTATION = { authority: 31_536_000_000, serving: 7_776_000_000, every: 500, settle: 1500 };
/** Milliseconds for an answer of a kubelet or an API server; a stall of the machine is shorter. */
const PATIENCE = 20_000;
/** What the fault of a feature says if it lacks a right. */
const REFUSED = /forbidden|may not|allow |give this account|HTTP 40[13]/i;
const { signal } = new AbortController();

/** Something that the product does in the cluster; rejects if it cannot. */
type Feature = readonly [name: string, run: () => Promise<void>];

describeWith(NODE_NEEDS, 'with exactly the shipped rights', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let webhookConfig: string;
  let sweeperConfig: string;
  let guard: CertifiedGuard;
  let sweeper: Sweeper;
  let features: readonly Feature[];

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    webhookConfig = await giveRights(plane);
    for (const object of shippedObjects()) {
      const { kind, metadata } = object;
      // the objects of rbac.yaml exist already
      if (kind === 'Secret') await plane.admin.send('POST', `/api/v1/namespaces/${NAMESPACE}/secrets`, object);
      else if (metadata.name === 'kubelet-guard-certificates') succeeded(await plane.admin.create(object));
    }
    const protection = readFileSync(new URL('protect-registration.yaml', BASE), 'utf8');
    for (const document of parseAllDocuments(protection)) {
      succeeded(await plane.admin.create(document.toJS() as KubeObject));
    }
    sweeperConfig = await kubeconfigFor(plane, 'kubelet-guard-sweeper');
    await serveReportApis(plane.admin);
    await addService(plane.admin);
    await addEndpoint();
    await startNode(cleanup, plane, 'worker', WITHOUT_CLIENT_CA);
    await untilGranted(plane.admin, shippedObjects());
    [guard, sweeper] = await Promise.all([
      startCertified(cleanup, plane, ROTATION, [`--tls-secret=kubelet-guard-tls`, `--kubeconfig=${webhookConfig}`]),
      startSweeper(cleanup, plane, sweeperConfig, { timeout: `${PATIENCE}ms`, evidence: ['configz', 'flagz'] }),
    ]);
    await registerAsShipped(guard.port);
    features = [...(await webhookFeatures()), ...(await sweeperFeatures())];
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  /** Lists the API server as an endpoint: API servers on loopback do not list themselves. */
  async function addEndpoint(): Promise<void> {
    const { host } = await addNetwork(cleanup);
    const port = await forward(cleanup, host, () => plane.port);
    const labels = { 'kubernetes.io/service-name': 'kubernetes' };
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'kubernetes', namespace: 'default', labels },
      addressType: 'IPv4',
      endpoints: [{ addresses: [host], conditions: { ready: true } }],
      ports: [{ name: 'https', port, protocol: 'TCP' }],
    };
    succeeded(await plane.admin.create(slice));
  }

  /** As shipped but for the port of the Service, which nothing here routes. */
  async function registerAsShipped(port: number): Promise<void> {
    const text = readFileSync(new URL('validating-webhook-configuration.yaml', BASE), 'utf8');
    const shipped = parse(text) as KubeObject & {
      webhooks: readonly { clientConfig: { service: object } }[];
    };
    const webhooks = shipped.webhooks.map((webhook) => {
      return { ...webhook, clientConfig: { service: { ...webhook.clientConfig.service, port } } };
    });
    succeeded(await plane.admin.create({ ...shipped, webhooks } as KubeObject));
  }

  async function clusterOf(kubeconfig: string): Promise<Cluster> {
    const cluster = await connectCluster({ kubeconfig });
    if (cluster === undefined) throw new Error('there is no cluster');
    return cluster;
  }

  async function webhookFeatures(): Promise<readonly Feature[]> {
    const { request, pods, configMap: named, ...cluster } = await clusterOf(webhookConfig);
    const secret = secretOf(request, { namespace: NAMESPACE, name: 'kubelet-guard-tls' });
    const registration = webhookConfigurationOf(request, 'kubelet-guard');
    return [
      ['remembers mirror pods', () => follow(pods, 'kube-system')],
      ['remembers kubeadm-config', () => follow(named('kubeadm-config'), 'kube-system')],
      ['remembers kubelet-config', () => follow(named('kubelet-config'), 'kube-system')],
      ['watches its Secret', () => follow(cluster.secret('kubelet-guard-tls'), NAMESPACE)],
      ['watches its webhook configuration', () => follow(cluster.webhookConfiguration('kubelet-guard'), '')],
      [
        'keeps its certificate',
        async () => {
          const seen = await secret.read(signal);
          if (seen !== undefined) await secret.update(seen, seen.data, signal);
        },
      ],
      [
        'keeps its caBundle',
        async () => {
          const seen = await registration.read(signal);
          if (seen !== undefined) await registration.setCABundle(seen, seen.caBundles[0] ?? '', signal);
        },
      ],
    ];
  }

  async function sweeperFeatures(): Promise<readonly Feature[]> {
    const cluster = await clusterOf(sweeperConfig);
    const { request, pods, configMap: named, nodes } = cluster;
    const announce = eventSink(request);
    const createEvent = async (namespace: string) => {
      refusedBy(await announce(eventIn(namespace), signal));
    };
    const lease = leaseOf(request, LEASE);
    const portsNow = () =>
      clusterEvidence(
        { ...cluster, namespace: NAMESPACE },
        {
          controls,
          plan: { evidence: ['configz', 'flagz'], timeout: PATIENCE },
          now: () => new Date(),
          namespaces: ['kube-system'],
          kubeletCA: undefined,
          clock: () => performance.now(),
          unverified: () => undefined,
        },
      );
    return [
      ['watches pods', () => follow(pods, 'kube-system')],
      ['watches kubeadm-config', () => follow(named('kubeadm-config'), 'kube-system')],
      ['watches kubelet-config', () => follow(named('kubelet-config'), 'kube-system')],
      ['watches nodes', () => follow(nodes, '')],
      ['creates Events in kube-system', () => createEvent('kube-system')],
      ['creates Events in default', () => createEvent('default')],
      ['stores reports in wgpolicyk8s.io', () => store(request, 'wgpolicyk8s')],
      ['stores reports in openreports.io', () => store(request, 'openreports')],
      [
        'leads',
        async () => {
          await plane.admin.send('DELETE', LEASE_PATH);
          const record = {
            ...{ holderIdentity: 'e2e', leaseDurationSeconds: 15, leaseTransitions: 0 },
            ...{ acquireTime: '2026-11-26T12:00:00.000000Z', renewTime: '2026-11-26T12:00:00.000000Z' },
          };
          const made = await lease.create(record, signal);
          const seen = await lease.read(signal);
          const kept = seen.is === 'there' ? await lease.update(seen.lease, record, signal) : seen;
          for (const answer of [made, seen, kept]) if (answer.is === 'fault') throw new Error(answer.reason);
        },
      ],
      [
        'asks every API server for its flags',
        async () => {
          const documents = (await (await portsNow()).askApiServers?.(signal)) ?? [];
          for (const document of documents) if (document.form === 'unanswered') refusedBy(document.problem);
          const asked = documents.map((document) =>
            'source' in document && 'node' in document.source ? document.source.node : '',
          );
          // the address of the Service, not only the configured one
          if (!asked.some((node) => node.startsWith('198.'))) throw new Error('may not see where the API servers are');
        },
      ],
      [
        'names the cluster in reports',
        async () => {
          if ((await (await portsNow()).clusterUid(signal)) === undefined) throw new Error('may not read its uid');
        },
      ],
      [
        'asks kubelets',
        async () => {
          const { nodes: listed, evidence } = await portsNow();
          const targets: NodeTarget[] = [];
          for await (const page of listed(signal)) {
            targets.push(...page.flatMap((node) => ('target' in node ? [node.target] : [])));
          }
          const documents = await Promise.all(targets.flatMap((node) => evidence.map(({ ask }) => ask(node, signal))));
          if (documents.length === 0) throw new Error('there was no kubelet to ask');
          for (const document of documents) if (document.form === 'unanswered') refusedBy(document.problem);
        },
      ],
    ];
  }

  async function follow(api: ObjectApi, namespace: string): Promise<void> {
    const { resourceVersion } = await api.list(namespace, undefined, signal);
    const end = new AbortController();
    const open = () => {
      end.abort();
    };
    await api.watch(namespace, resourceVersion, { open, event: open }, end.signal);
  }

  async function store(request: Cluster['request'], api: keyof typeof REPORT_RESOURCES): Promise<void> {
    const resource = REPORT_RESOURCES[api];
    const { apiVersion, kind, plural } = resource;
    const metadata = { name: 'kubelet-guard-node-e2e-rights' };
    const report = { apiVersion, kind, metadata, results: [] };
    await plane.admin.send('DELETE', `/apis/${apiVersion}/${plural}/${metadata.name}`);
    const reports = reportClient(request);
    storedIn(await reports.create(resource, report, signal));
    for await (const _page of reports.list(resource, 'none=none', signal)) continue;
    const { resourceVersion } = storedIn(await reports.get(resource, metadata.name, signal));
    const replaced = await reports.update(resource, { ...report, metadata: { ...metadata, resourceVersion } }, signal);
    storedIn(await reports.delete(resource, metadata.name, storedIn(replaced).resourceVersion, signal));
  }

  test('every feature works', async () => {
    await eventually(
      'the webhook to deny a bad object',
      async () => {
        const answer = await plane.admin.create(kubeletConfigMap(undefined), '?dryRun=All');
        return answer.status === 403 ? answer : undefined;
      },
      { context: guard.program.tail },
    );
    const report = await sweeper.nextReport({ after: new Date(0) });
    expect(report.run.problems).toEqual([]);
    expect(findingOf(report, 'kubelet-client-ca', 'worker')).toMatchObject({ result: 'fail', vantage: 'live' });
    expect([...(await storedReports(plane.admin, 'wgpolicyk8s')).keys()].toSorted()).toEqual([
      'kubelet-guard-control-plane',
      'kubelet-guard-node-worker',
    ]);
    expect(await eventsOf(plane.admin)).not.toEqual([]);
    expect(await sweeper.metric('kubelet_guard_leader')).toBe(1);
    for (const { program } of [guard, sweeper]) expect(program.log()).not.toMatch(/forbidden|cannot be watched/);
  });

  test('the doctor finds no problem but the missing Deployments', async () => {
    const text = readFileSync(new URL('guard.yaml', BASE), 'utf8');
    succeeded(await plane.admin.create(configMap('kubelet-guard', { 'guard.yaml': text }, NAMESPACE)));

    const { code, stdout } = await runCli(['doctor', '--kubeconfig', plane.kubeconfig]);

    // no controller runs here: the webhook and the sweeper are processes of this test
    expect(stdout.match(/^(?:PROBLEM|UNKNOWN) +[a-z-]+/gm)).toEqual(['PROBLEM  pods', 'PROBLEM  endpoints']);
    expect(code).toBe(1);
  });

  test('every feature works alone', async () => {
    // the running sweeper would take the Lease back
    sweeper.program.kill('SIGTERM');
    await sweeper.program.ended;
    expect(await firstFault()).toBeUndefined();
  });

  test.each(shippedRules().map((rule) => [rule.name, rule] as const))(
    'no right can be removed: %s',
    async (_name, { role, without }) => {
      succeeded(await plane.admin.replace(without));
      await eventually('a feature to fail for lack of a right', lacksRight).finally(async () => {
        succeeded(await plane.admin.replace(role));
      });
      await eventually('every feature to work again', async () => {
        const fault = await firstFault();
        if (fault !== undefined) throw new Error(fault);
        return true;
      });
    },
  );

  /** The fault of the first feature that fails, if it says that a right is missing. */
  async function lacksRight(): Promise<string | undefined> {
    const fault = await firstFault();
    if (fault !== undefined && !REFUSED.test(fault)) throw new Error(fault);
    return fault;
  }

  async function firstFault(): Promise<string | undefined> {
    for (const [name, run] of features) {
      try {
        await run();
      } catch (cause) {
        return `${name}: ${(cause as Error).message}`;
      }
    }
    return undefined;
  }
});

function eventIn(namespace: string) {
  const kind = namespace === 'default' ? { kind: 'Node' } : { kind: 'Pod', namespace };
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e2e-rights', namespace },
    involvedObject: { apiVersion: 'v1', name: 'e2e-rights', ...kind },
    source: { component: 'kubelet-guard' },
  };
}

function refusedBy(problem: { readonly message: string } | undefined): void {
  if (problem !== undefined) throw new Error(problem.message);
}

function storedIn(stored: StoredReportAnswer): { readonly resourceVersion: string } {
  if (stored.outcome === 'refused') throw new Error(stored.problem.message);
  if (stored.outcome !== 'done') throw new Error(`a report is ${stored.outcome}`);
  return { resourceVersion: stored.object?.metadata.resourceVersion ?? '' };
}
