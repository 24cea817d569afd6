import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { succeeded, type KubeObject } from './api.ts';
import { kubeconfigOf, type ControlPlane } from './control-plane.ts';

const SHIPPED = new URL('../../../manifests/base/rbac.yaml', import.meta.url);
const NAMESPACE = 'kubelet-guard';

/**
 * Gives the webhook exactly the rights that are shipped, and no more.
 *
 * @returns the path of a kubeconfig with a token of its service account
 */
export async function giveRights(plane: ControlPlane): Promise<string> {
  const { admin } = plane;
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  const shipped = parseAllDocuments(readFileSync(SHIPPED, 'utf8')).map((document) => document.toJS() as KubeObject);
  for (const object of [namespace, ...shipped]) succeeded(await admin.create(object));

  const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/kubelet-guard/token`;
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const { status } = succeeded(await admin.send('POST', path, request)).body as { status: { token: string } };
  const url = `https://127.0.0.1:${plane.port}`;
  const user = { token: status.token };
  return plane.write('guard.kubeconfig', kubeconfigOf({ url, ca: join(plane.dir, 'ca.crt'), user }));
}
