import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { parse } from 'yaml';
import { idOf, type Manifest } from '../../support/manifests.ts';
import { succeeded, type ApiClient, type KubeObject } from './api.ts';
import type { ControlPlane } from './control-plane.ts';
import { served } from './discovery.ts';
import { kubectl } from './kubectl.ts';
import type { Result } from './programs.ts';
import { eventually } from './wait.ts';

/** Objects as one argument of kubectl. */
export interface List {
  readonly apiVersion: 'v1';
  readonly kind: 'List';
  readonly items: readonly object[];
}

const CRDS = new URL('../../fixtures/crds-of-others/', import.meta.url);

/** Creates the CustomResourceDefinitions of cert-manager and the Prometheus operator that the manifests use. */
export async function serveApisOfOthers(admin: ApiClient): Promise<void> {
  for (const file of readdirSync(CRDS)) {
    const crd = parse(readFileSync(new URL(file, CRDS), 'utf8')) as KubeObject & {
      readonly spec: { readonly group: string; readonly versions: readonly { readonly name: string }[] };
    };
    succeeded(await admin.create(crd));
    const [plural] = crd.metadata.name.split('.');
    await served(admin, `/apis/${crd.spec.group}/${crd.spec.versions[0]?.name ?? ''}/${plural ?? ''}`);
  }
}

/** The objects in an order in which they can be created: namespaces first, as in kubectl. */
export function listOf(objects: readonly Manifest[]): List {
  const isNamespace = ({ kind }: Manifest) => kind === 'Namespace';
  const items = [...objects.filter(isNamespace), ...objects.filter((object) => !isNamespace(object))];
  return { apiVersion: 'v1', kind: 'List', items };
}

/** Applies objects; a warning counts as a failure. */
export async function apply(
  plane: ControlPlane,
  objects: readonly Manifest[],
  ...flags: readonly string[]
): Promise<void> {
  const result = await kubectl(plane, ['apply', '--validate=strict', ...flags, '-f', '-'], listOf(objects));
  expectContent(result, 'kubectl apply');
}

/** Makes sure that a call of kubectl succeeded without a warning. */
export function expectContent({ code, stdout, stderr }: Result, what: string): string {
  if (code !== 0 || stderr !== '') throw new Error(`${what} exited with ${code}: ${stderr}`);
  return stdout;
}

/** The objects that exist and are not being deleted. */
export async function present(plane: ControlPlane, objects: readonly Manifest[]): Promise<readonly string[]> {
  const args = ['get', '--ignore-not-found', '--output', 'json', '-f', '-'];
  const text = expectContent(await kubectl(plane, args, listOf(objects)), 'kubectl get');
  if (text === '') return [];
  const found = JSON.parse(text) as Manifest | { readonly items: readonly Manifest[] };
  const items = 'items' in found ? (found.items as readonly Manifest[]) : [found];
  return items.filter(({ metadata }) => !('deletionTimestamp' in metadata)).map(idOf);
}

/** Removes namespaces that are being deleted, as the namespace controller would do, which does not run here. */
export async function finalize(admin: ApiClient, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = `/api/v1/namespaces/${name}`;
    const { status, body } = await admin.get(path);
    if (status === 404) continue;
    succeeded(await admin.send('PUT', `${path}/finalize`, { ...(body as object), spec: { finalizers: [] } }));
    await eventually(`the namespace ${name} to be gone`, async () =>
      (await admin.get(path)).status === 404 ? true : undefined,
    );
    // admission would reject what is created in the next namespace of that name, while its cache has this one
    await eventually(`the namespace ${name} to be forgotten`, async () => {
      const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'e2e', namespace: name } };
      return (await admin.create(map, '?dryRun=All')).status === 404 ? true : undefined;
    });
  }
}

/** Creates the default service account of namespaces, as its controller would do. */
export async function addDefaultAccounts(admin: ApiClient, namespaces: readonly string[]): Promise<void> {
  for (const namespace of namespaces) {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } };
    const answer = await admin.create(account);
    if (answer.status !== 409) succeeded(answer);
  }
}

/** An address of this host that endpoints may have: not a loopback address. */
export function hostAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  const outer = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (outer === undefined) throw new Error('this host has no address but loopback');
  return outer.address;
}

/** Points the Service of the webhook to a port of this host, as the controllers would do, which do not run here. */
export async function leadTo(admin: ApiClient, port: number): Promise<void> {
  const name = 'kubelet-guard-e2e';
  const metadata = { name, namespace: 'kubelet-guard', labels: { 'kubernetes.io/service-name': 'kubelet-guard' } };
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata,
    addressType: 'IPv4',
    ports: [{ name: 'https', port, protocol: 'TCP' }],
    endpoints: [{ addresses: [hostAddress()], conditions: { ready: true } }],
  };
  const answer = await admin.create(slice);
  if (answer.status === 409) succeeded(await admin.replace(slice));
  else succeeded(answer);
}
