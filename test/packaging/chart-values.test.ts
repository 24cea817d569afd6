// The values that clusters need, each with a value that is not the default.

import { describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';

import { controls } from '../../src/controls/index.ts';
import { readConfiguration } from '../../src/runtime/configuration/configuration.ts';
import { SURFACES } from '../../src/policy/reading.ts';
import {
  configurationIn,
  idOf,
  missingTools,
  OVERLAYS,
  renderChart,
  renderOverlay,
  type Manifest,
} from '../support/manifests.ts';
import { OVERLAY_VALUES } from './chart-overlays.ts';

interface Container {
  readonly args: readonly string[];
  readonly image: string;
  readonly ports?: readonly object[];
  readonly startupProbe?: { readonly exec: { readonly command: readonly string[] } };
  readonly livenessProbe?: { readonly httpGet: { readonly port: string } };
  readonly resources: { readonly requests: { readonly cpu: string; readonly memory: string } };
}

interface PodTemplate {
  readonly metadata: { readonly labels: object; readonly annotations?: object };
  readonly spec: { readonly containers: readonly [Container] } & Readonly<Record<string, unknown>>;
}

/** The workloads and their values. */
const WORKLOADS = [
  ['webhook', 'Deployment kubelet-guard/kubelet-guard'],
  ['sweeper', 'Deployment kubelet-guard/kubelet-guard-sweeper'],
  ['nodeAgent', 'DaemonSet kubelet-guard-node/kubelet-guard-node-agent'],
] as const;
const SCHEDULING = {
  priorityClassName: 'system-cluster-critical',
  nodeSelector: { pool: 'system' },
  tolerations: [{ key: 'dedicated', operator: 'Exists' }],
  affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
};

const reason = missingTools('helm', 'kubectl');
const describeChart = reason === undefined ? describe : describe.skip;

describeChart(`the values of the chart${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  test.each(WORKLOADS)('%s: scheduling, resources, arguments, labels and annotations', (name, id) => {
    const resources = { requests: { cpu: '7m', memory: '77Mi' } };
    const more = { podAnnotations: { a: 'b' }, podLabels: { c: 'd' }, extraArgs: ['--config=/x y'] };
    const enabled = name === 'nodeAgent' ? { enabled: true } : {};
    const made = renderChart({ values: { [name]: { ...enabled, ...SCHEDULING, ...more, resources } } });
    const { metadata, spec } = templateOf(made, id);
    expect(spec).toMatchObject(SCHEDULING);
    expect(spec.containers[0].resources).toMatchObject(resources);
    expect(spec.containers[0].args.at(-1)).toBe('--config=/x y');
    expect(metadata).toMatchObject({ labels: { c: 'd' }, annotations: { a: 'b' } });
  });

  test.each(WORKLOADS.slice(0, 2))('%s: log level and spread', (name, id) => {
    const topologySpreadConstraints = [{ maxSkew: 2, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule' }];
    const { spec } = templateOf(
      renderChart({ values: { [name]: { logLevel: 'debug', topologySpreadConstraints } } }),
      id,
    );
    expect(spec.containers[0].args).toContain('--log-level=debug');
    expect(spec.topologySpreadConstraints).toEqual(topologySpreadConstraints);
    const none = templateOf(renderChart({ values: { [name]: { topologySpreadConstraints: [] } } }), id);
    expect(none.spec).not.toHaveProperty('topologySpreadConstraints');
  });

  test('another port, which the argument, the container, the Service and the NetworkPolicy follow', () => {
    const made = renderChart({ values: { webhook: { port: 10_250, localPort: 9080 } } });
    const { spec } = templateOf(made, WORKLOADS[0][1]);
    const [container] = spec.containers;
    expect(container.args).toEqual(expect.arrayContaining(['--listen=:10250', '--local-listen=:9080']));
    expect(container.ports).toEqual([
      { name: 'https', containerPort: 10_250, protocol: 'TCP' },
      { name: 'local', containerPort: 9080, protocol: 'TCP' },
    ]);
    expect(container.livenessProbe?.httpGet.port).toBe('local');
    expect(container.startupProbe?.exec.command.at(-1)).toContain('.connect(9080, ');
    expect(one(made, 'Service kubelet-guard/kubelet-guard').spec).toMatchObject({ ports: [{ targetPort: 'https' }] });
    const policy = one(made, 'NetworkPolicy kubelet-guard/kubelet-guard').spec as { ingress: { ports: object[] }[] };
    expect(policy.ingress.map(({ ports }) => ports)).toEqual([
      [expect.objectContaining({ port: 10_250 })],
      [expect.objectContaining({ port: 9080 })],
    ]);
    expect(spec).not.toHaveProperty('hostNetwork');
  });

  test("the node's network: DNS, host ports, a rollout that frees the port first, the pod security level", () => {
    const webhook = { hostNetwork: true, port: 9443, localPort: 9080 };
    const made = renderChart({ values: { createNamespace: true, webhook } });
    expect(templateOf(made, WORKLOADS[0][1]).spec).toMatchObject({
      hostNetwork: true,
      dnsPolicy: 'ClusterFirstWithHostNet',
      containers: [
        {
          ports: [
            { containerPort: 9443, hostPort: 9443 },
            { containerPort: 9080, hostPort: 9080 },
          ],
        },
      ],
    });
    expect(one(made, WORKLOADS[0][1]).spec).toMatchObject({
      strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    });
    expect(one(made, 'Namespace kubelet-guard').metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'privileged',
    });
    expect(templateOf(made, WORKLOADS[1][1]).spec).not.toHaveProperty('hostNetwork');
  });

  test('failurePolicy, timeout and annotations of every webhook of the ValidatingWebhookConfiguration', () => {
    const validatingWebhookConfiguration = { failurePolicy: 'Fail', timeoutSeconds: 7, annotations: { a: 'b' } };
    const on = { enabled: true };
    const made = renderChart({ values: { validatingWebhookConfiguration, aks: on, declaredClusters: on } });
    const found = one(made, 'ValidatingWebhookConfiguration kubelet-guard');
    expect(found.metadata.annotations).toEqual({ a: 'b', 'admissions.enforcer/disabled': 'true' });
    const own = { failurePolicy: 'Fail', timeoutSeconds: 7 };
    expect(found.webhooks).toMatchObject([own, own]);
  });

  test('the Service: annotations and families', () => {
    const service = { annotations: { a: 'b' }, ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6', 'IPv4'] };
    const { metadata, spec } = one(renderChart({ values: { service } }), 'Service kubelet-guard/kubelet-guard');
    expect(metadata.annotations).toEqual({ a: 'b' });
    expect(spec).toMatchObject({ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6', 'IPv4'] });
  });

  test('a digest goes before the tag', () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const image = { repository: 'registry.example/guard', tag: '9.9.9', digest };
    const { spec } = templateOf(renderChart({ values: { image } }), WORKLOADS[0][1]);
    expect(spec.containers[0].image).toBe(`registry.example/guard@${digest}`);
  });

  test('labels and annotations of every object, without a change of selectors', () => {
    const values = {
      nodeAgent: { enabled: true },
      monitoring: { enabled: true, labels: { release: 'prometheus' } },
      hooks: 'always',
    };
    const common = {
      commonLabels: { team: 'x', 'app.kubernetes.io/name': 'other' },
      commonAnnotations: { owner: 'z' },
    };
    const made = renderChart({ name: 'mine', values: { ...values, ...common }, hooks: true });
    const wanted = {
      'app.kubernetes.io/name': 'kubelet-guard',
      'app.kubernetes.io/instance': 'mine',
      'app.kubernetes.io/part-of': 'kubelet-guard',
      'app.kubernetes.io/managed-by': 'Helm',
      'app.kubernetes.io/version': expect.any(String),
      'helm.sh/chart': expect.stringMatching(/^kubelet-guard-\d/),
      team: 'x',
    };
    for (const object of made) {
      expect([idOf(object), object.metadata]).toMatchObject([
        idOf(object),
        { labels: wanted, annotations: { owner: 'z' } },
      ]);
    }
    const selectors = (objects: readonly Manifest[]) =>
      JSON.stringify(objects.map(({ spec }) => (spec as { selector?: unknown } | undefined)?.selector));
    expect(selectors(made)).toBe(selectors(renderChart({ values, hooks: true })));
    for (const kind of ['PodMonitor', 'PrometheusRule', 'ConfigMap']) {
      const [monitor] = made.filter((object) => object.kind === kind && object.metadata.labels?.release !== undefined);
      expect([kind, monitor?.metadata.labels]).toMatchObject([kind, { release: 'prometheus' }]);
    }
  });

  test.each([
    [
      'a failurePolicy that does not exist',
      { validatingWebhookConfiguration: { failurePolicy: 'Maybe' } },
      'failurePolicy',
    ],
    ['no time to answer', { validatingWebhookConfiguration: { timeoutSeconds: 0 } }, 'timeoutSeconds'],
    ['a time that API servers reject', { validatingWebhookConfiguration: { timeoutSeconds: 31 } }, 'timeoutSeconds'],
    ['a digest that is none', { image: { digest: 'latest' } }, 'digest'],
    ['an unknown family', { service: { ipFamilies: ['IPv5'] } }, 'ipFamilies'],
    ['an unknown log level', { sweeper: { logLevel: 'trace' } }, 'logLevel'],
    ['a number as a label', { commonLabels: { a: 1 } }, 'commonLabels'],
  ])('rejects %s', (_what, values, named) => {
    expect(() => renderChart({ values })).toThrow(named);
  });

  test.each(['base', ...OVERLAYS])('%s has the same effective actions with the chart as with kustomize', (overlay) => {
    const values = OVERLAY_VALUES[overlay] ?? {};
    expect(actionsIn(renderChart({ values }))).toEqual(actionsIn(renderOverlay(overlay)));
  });
});

function one(objects: readonly Manifest[], id: string): Manifest {
  const found = objects.find((object) => idOf(object) === id);
  if (found === undefined) throw new Error(`there is no ${id}`);
  return found;
}

function templateOf(objects: readonly Manifest[], id: string): PodTemplate {
  return (one(objects, id).spec as { readonly template: PodTemplate }).template;
}

/** What `config print` shows: the action of every control on every surface, and the other settings. */
function actionsIn(objects: readonly Manifest[]): object {
  const { controls: _controls, ...settings } = configurationIn(objects);
  const { policy } = readConfiguration({ path: 'guard.yaml', text: stringify(configurationIn(objects)) }, controls);
  const actions = controls.map((control) => [
    control.slug,
    ...SURFACES.map((surface) => policy.action(control, surface)),
  ]);
  return { actions, settings };
}
