import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import {
  folderOf,
  idOf,
  missingTools,
  OVERLAYS,
  renderChart,
  renderOverlay,
  type Manifest,
} from '../support/manifests.ts';
import { succeeded } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import {
  addDefaultAccounts,
  apply,
  expectContent,
  finalize,
  present,
  serveApisOfOthers,
} from './support/installation.ts';
import { kubectl } from './support/kubectl.ts';

jest.setTimeout(120_000);

const RESTRICTED = 'kubelet-guard';
/** Everything in the chart, with the objects that exist only for `helm test` and `helm uninstall`. */
const EVERYTHING = {
  createNamespace: true,
  hooks: 'always',
  ...Object.fromEntries(
    ['aks', 'certManager', 'nodeAgent', 'openshift', 'protectRegistration'].map((name) => [name, { enabled: true }]),
  ),
};
/** What a CustomResourceDefinition of others stands in for: their groups, as the manifests name them. */
const OTHERS = ['cert-manager.io', 'monitoring.coreos.com'];

interface PodTemplate {
  readonly metadata: object;
  readonly spec: object;
}

const noKubectl = missingTools('kubectl');
const noHelm = missingTools('helm');
const testChart = noHelm === undefined ? test : test.skip;

describeWith(
  { assets: ['etcd', 'kube-apiserver'], tools: noKubectl === undefined ? [] : ['kubectl'] },
  'an installation',
  () => {
    const cleanup = new Cleanup();
    let plane: ControlPlane;

    beforeAll(async () => {
      plane = await startControlPlane(cleanup);
      await serveApisOfOthers(plane.admin);
      // the namespace in which OpenShift runs its API servers
      const metadata = { name: 'openshift-kube-apiserver' };
      succeeded(await plane.admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata }));
    }, 120_000);
    afterAll(() => cleanup.run(), 60_000);

    describe.each(['base', ...OVERLAYS])('of %s', (name) => {
      const objects = noKubectl === undefined ? renderOverlay(name) : [];

      test('is accepted without a warning, as a dry run and for real', async () => {
        await install(objects);
        expect([...(await present(plane, objects))].sort()).toEqual(objects.map(idOf).sort());
      });

      test('has pods that the pod security level of their namespace allows without a warning', async () => {
        await expectPods(objects);
      });

      test('leaves nothing behind when it is deleted', async () => {
        const flags = ['--wait=false', '--ignore-not-found', '-k', folderOf(name)];
        expectContent(await kubectl(plane, ['delete', ...flags]), 'kubectl delete');
        expect(await present(plane, objects)).toEqual([]);
        await finalize(plane.admin, namespacesOf(objects));
      });
    });

    testChart(`of the chart with all its objects${noHelm === undefined ? '' : ` (skipped: ${noHelm})`}`, async () => {
      const objects = renderChart({ values: EVERYTHING, hooks: true });
      await install(objects);
      expect([...(await present(plane, objects))].sort()).toEqual(objects.map(idOf).sort());
      await expectPods(objects);
      await remove(objects);
      expect(await present(plane, objects)).toEqual([]);
      await finalize(plane.admin, namespacesOf(objects));
    });

    test('of the monitoring objects is accepted', async () => {
      const namespace = renderOverlay('base').filter(({ kind }) => kind === 'Namespace');
      const objects = [...namespace, ...renderOverlay('monitoring')];
      await install(objects);
      expect([...(await present(plane, objects))].sort()).toEqual(objects.map(idOf).sort());
      await remove(objects);
      await finalize(plane.admin, namespacesOf(objects));
    });

    test('uses only APIs of Kubernetes, cert-manager and the Prometheus operator', () => {
      const all = ['base', 'monitoring', ...OVERLAYS].flatMap(renderOverlay);
      const groups = new Set(all.map(({ apiVersion }) => apiVersion.replace(/\/.*/, '')));
      expect([...groups].filter((group) => group.includes('.') && !group.endsWith('.k8s.io')).sort()).toEqual(OTHERS);
    });

    async function install(objects: readonly Manifest[]): Promise<void> {
      // a dry run needs the namespace of the object to exist, and the account of a pod
      await apply(
        plane,
        objects.filter(({ kind }) => kind === 'Namespace' || kind === 'ServiceAccount'),
      );
      await addDefaultAccounts(plane.admin, namespacesOf(objects));
      await apply(plane, objects, '--dry-run=server');
      await apply(plane, objects);
    }

    async function remove(objects: readonly Manifest[]): Promise<void> {
      const items = { apiVersion: 'v1', kind: 'List', items: objects };
      expectContent(await kubectl(plane, ['delete', '--wait=false', '-f', '-'], items), 'kubectl delete');
    }

    /** Creates a pod from every template, as its controller would. */
    async function expectPods(objects: readonly Manifest[]): Promise<void> {
      const templates = objects.flatMap((object) => {
        const template = templateOf(object);
        return template === undefined ? [] : [{ object, template }];
      });
      expect(templates.length).toBeGreaterThanOrEqual(2);
      for (const { object, template } of templates) {
        const { namespace = '', name } = object.metadata;
        const metadata = { ...template.metadata, name: `${name}-e2e`, namespace };
        const answer = await plane.admin.create(
          { apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec } as Parameters<typeof plane.admin.create>[0],
          '?dryRun=All&fieldValidation=Strict',
        );
        expect([idOf(object), answer.status, answer.message, answer.warnings]).toEqual([idOf(object), 201, '', []]);
      }
    }

    test('is in a namespace that allows no other pods', async () => {
      const objects = renderOverlay('base');
      await install(objects);
      const spec = { containers: [{ name: 'main', image: 'registry.example/main:v1' }] };
      const metadata = { name: 'anything', namespace: RESTRICTED };
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec };
      const answer = await plane.admin.create(pod, '?dryRun=All');
      expect([answer.status, answer.message]).toEqual([403, expect.stringContaining('PodSecurity "restricted')]);
      await remove(objects);
      await finalize(plane.admin, namespacesOf(objects));
    });
  },
);

function namespacesOf(objects: readonly Manifest[]): readonly string[] {
  return objects.flatMap(({ kind, metadata }) => (kind === 'Namespace' ? [metadata.name] : []));
}

/** The pod template of a workload; of a pod the pod itself. */
function templateOf({ kind, metadata, ...fields }: Manifest): PodTemplate | undefined {
  const spec = fields.spec as object | undefined;
  if (kind === 'Pod' && spec !== undefined) return { metadata: { labels: metadata.labels }, spec };
  return spec !== undefined && 'template' in spec ? (spec.template as PodTemplate) : undefined;
}
