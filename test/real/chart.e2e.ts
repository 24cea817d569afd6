// The chart in a real cluster: starts without warnings, a test that says why it fails, and an upgrade to the node's network, to other
// ports and to monitoring.

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { Cleanup } from '../e2e/support/cleanup.ts';
import { run, type Result } from '../e2e/support/programs.ts';
import { eventually } from '../e2e/support/wait.ts';
import { CHART, helmPath, missingTools } from '../support/manifests.ts';
import { describeInCluster } from './support/shared.ts';

jest.setTimeout(480_000);

const NAMESPACE = 'kubelet-guard';
const MONITORS = { podmonitors: 'PodMonitor', prometheusrules: 'PrometheusRule' };
/** On a busy machine, a kubelet sees the objects of a new pod too late. That is no fault of the pod. */
const LATE_KUBELET = /failed to sync \w+ cache|not registered|failed to fetch token/;
const SETTINGS = '{"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"}';

const reason = missingTools('helm');
const testHelm = reason === undefined ? test : test.skip;
const skipped = reason === undefined ? '' : ` (skipped: ${reason})`;

interface Events {
  readonly items: readonly {
    readonly type: string;
    readonly message: string;
    readonly involvedObject: { readonly name: string };
  }[];
}

describeInCluster('the chart', (cluster) => {
  const cleanup = new Cleanup();

  beforeAll(async () => {
    if (reason !== undefined) return;
    for (const definition of Object.entries(MONITORS)) await define(...definition);
    await kubectl(['create', 'namespace', NAMESPACE]);
    cleanup.add(() => kubectl(['delete', 'namespace', NAMESPACE]));
    cleanup.add(() => helm('uninstall', 'guard'));
    await allow('restricted');
    // kube-controller-manager writes it some time after the namespace, and each pod mounts it
    const root = ['--namespace', NAMESPACE, 'get', 'configmap', 'kube-root-ca.crt'];
    await eventually('the CA of the API server', async () =>
      (await cluster.kubectl(root)).code === 0 ? true : undefined,
    );
  }, 240_000);
  afterAll(() => cleanup.run(), 480_000);

  testHelm(`passes helm test right after the installation, and starts without a Warning${skipped}`, async () => {
    expect(await helm('install', 'guard', CHART, '--set', 'preset=audit')).toMatchObject({ code: 0, stderr: '' });
    const tested = await helm('test', 'guard', '--logs');
    expect(tested).toMatchObject({ code: 0, stderr: '' });
    expect(tested.stdout).toContain(`https://kubelet-guard.${NAMESPACE}.svc/validate answers: {"uid":"helm-test"`);
    await becomesAvailable();

    const ofStart = (await warnings()).filter((message) => /Startup|FailedMount|MountVolume/.test(message));
    expect(ofStart.filter((message) => !LATE_KUBELET.test(message))).toEqual([]);
  });

  testHelm(`has a test that says within a minute that DNS does not answer${skipped}`, async () => {
    const dns = ['--namespace', 'kube-system', 'deployment/coredns'];
    const replicas = await kubectl(['get', ...dns, '--output', 'jsonpath={.spec.replicas}']);
    cleanup.add(() => kubectl(['scale', ...dns, `--replicas=${replicas}`]));
    await kubectl(['scale', ...dns, '--replicas=0']);
    const pods = ['--namespace', 'kube-system', '--selector', 'k8s-app=kube-dns'];
    await kubectl(['wait', 'pods', ...pods, '--for=delete', '--timeout=120s']);

    const { code, stdout } = await helm('test', 'guard', '--logs');

    await kubectl(['scale', ...dns, `--replicas=${replicas}`]);
    const why = `the name kubelet-guard.${NAMESPACE}.svc has no address, so look at the DNS of the cluster`;
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining(`FAILED after 45 s: ${why}`) });
  });

  testHelm(`is upgraded to the node's network, other ports and monitoring${skipped}`, async () => {
    await allow('privileged');
    const values = ['preset=audit', 'webhook.hostNetwork=true', 'webhook.replicas=1', 'webhook.port=9443'];
    const more = ['webhook.localPort=9080', 'monitoring.enabled=true', 'monitoring.labels.release=prometheus'];
    const set = [...values, ...more].flatMap((value) => ['--set', value]);
    expect(await helm('upgrade', 'guard', CHART, ...set)).toMatchObject({ code: 0, stderr: '' });
    await becomesAvailable();

    const pods = ['--namespace', NAMESPACE, '--selector', 'app.kubernetes.io/component=webhook'];
    const running = await kubectl(['get', 'pods', ...pods, '--output', 'jsonpath={.items[*].spec.hostNetwork}']);
    expect(running).toContain('true');
    const review = ['create', 'configmap', 'kubelet-config-1.24', '--namespace', 'kube-system', '--dry-run=server'];
    // the replica of before is still an endpoint of the Service for a moment
    await eventually(
      'a warning of the webhook in the network of the node',
      async () => {
        const { stderr } = await cluster.kubectl([...review, `--from-literal=kubelet=${SETTINGS}`]);
        const warning = 'ConfigMap kube-system/kubelet-config-1.24: authentication.x509.clientCAFile is not set';
        return stderr.includes(`Warning: ${warning}`) ? true : undefined;
      },
      { within: 90_000 },
    );
    for (const kind of Object.keys(MONITORS)) {
      const found = await kubectl([
        'get',
        kind,
        '--namespace',
        NAMESPACE,
        '--selector',
        'release=prometheus',
        '--output',
        'name',
      ]);
      expect(found).toContain('/kubelet-guard');
    }
  });

  function helm(...args: readonly string[]): Promise<Result> {
    const place = ['--namespace', NAMESPACE, '--kubeconfig', cluster.kubeconfig];
    return run([helmPath ?? 'helm', ...args, ...place], { within: 180_000 });
  }

  async function kubectl(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await cluster.kubectl(args, { within: 200_000 });
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
    return stdout;
  }

  /** A kind of the Prometheus operator, as far as the API server needs it. */
  async function define(plural: string, kind: string): Promise<void> {
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const name = `${plural}.monitoring.coreos.com`;
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name },
      spec: {
        group: 'monitoring.coreos.com',
        names: { kind, plural },
        scope: 'Namespaced',
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    };
    const { code, stderr } = await cluster.kubectl(['apply', '--filename', '-'], { input: JSON.stringify(definition) });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    cleanup.add(() => kubectl(['delete', 'crd', name]));
    await kubectl(['wait', 'crd', name, '--for=condition=Established', '--timeout=60s']);
  }

  async function allow(level: string): Promise<void> {
    const label = `pod-security.kubernetes.io/enforce=${level}`;
    await kubectl(['label', '--overwrite', 'namespace', NAMESPACE, label]);
  }

  async function becomesAvailable(): Promise<void> {
    for (const deployment of ['kubelet-guard', 'kubelet-guard-sweeper']) {
      await kubectl(['--namespace', NAMESPACE, 'rollout', 'status', `deployment/${deployment}`, '--timeout=180s']);
    }
  }

  async function warnings(): Promise<readonly string[]> {
    const { items } = JSON.parse(
      await kubectl(['get', 'events', '--namespace', NAMESPACE, '--output', 'json']),
    ) as Events;
    return items.filter(({ type }) => type === 'Warning').map(({ message }) => message);
  }
});
