import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { succeeded, type ApiClient, type KubeObject } from './api.ts';
import type { Cleanup } from './cleanup.ts';
import type { ControlPlane } from './control-plane.ts';
import { callLocal, sample } from './local-port.ts';
import { freePort, startProgram, type Program } from './programs.ts';
import { PATIENT } from './registration.ts';
import { NAMESPACE } from './rights.ts';

/** A webhook that creates and rotates its own certificates. */
export interface CertifiedGuard {
  readonly program: Program;
  readonly port: number;
  readonly isReady: () => Promise<boolean>;
  readonly metric: (name: string, labels?: Readonly<Record<string, string>>) => Promise<number>;
}

/** The fields of a ValidatingWebhookConfiguration that these tests read. */
export interface Registration extends KubeObject {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

const GUARD = fileURLToPath(new URL('../certificates-guard.ts', import.meta.url));
const SHIPPED = new URL('../../../manifests/base/validating-webhook-configuration.yaml', import.meta.url);
const REGISTRATION = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

/** Starts a webhook; it may not be ready yet. */
export async function startCertified(
  cleanup: Cleanup,
  plane: ControlPlane,
  rotation: object,
  flags: readonly string[],
): Promise<CertifiedGuard> {
  const port = await freePort();
  const local = await freePort();
  const addresses = [`--listen=127.0.0.1:${port}`, `--local-listen=127.0.0.1:${local}`];
  const program = startProgram(cleanup, {
    name: `certified-${port}`,
    dir: plane.dir,
    command: [process.execPath, GUARD, JSON.stringify(rotation), '--only=webhook', ...addresses, ...flags],
  });
  return {
    program,
    port,
    isReady: async () => (await callLocal(local, '/readyz')).status === 200,
    metric: async (name, labels) => sample((await callLocal(local, '/metrics')).text, name, labels) ?? 0,
  };
}

/** Creates the Service of the webhook configuration. It points to loopback, because nothing here routes cluster addresses. */
export async function addService(admin: ApiClient): Promise<void> {
  const spec = { type: 'ExternalName', externalName: 'localhost' };
  const metadata = { name: 'kubelet-guard', namespace: NAMESPACE };
  const service = { apiVersion: 'v1', kind: 'Service', metadata, spec };
  succeeded(await admin.send('POST', `/api/v1/namespaces/${NAMESPACE}/services`, service));
}

/** Registers the webhook as shipped, by its Service and without a caBundle, except for the port. */
export async function registerService(admin: ApiClient, port: number): Promise<void> {
  const shipped = parse(readFileSync(SHIPPED, 'utf8')) as Registration;
  const service = { namespace: NAMESPACE, name: 'kubelet-guard', path: '/validate', port };
  // Fail shows failed calls, and the long timeout allows for a slow machine
  const changes = { clientConfig: { service }, failurePolicy: 'Fail', timeoutSeconds: PATIENT };
  const webhooks = shipped.webhooks.map((webhook) => ({ ...webhook, ...changes }));
  succeeded(await admin.create({ ...shipped, webhooks } as KubeObject));
}

/** The current ValidatingWebhookConfiguration. */
export async function registration(admin: ApiClient): Promise<Registration> {
  return succeeded(await admin.get(`${REGISTRATION}/kubelet-guard`)).body as Registration;
}

/** The caBundle that all webhooks of the configuration share, or undefined. */
export async function registeredBundle(admin: ApiClient): Promise<string | undefined> {
  const bundles = new Set((await registration(admin)).webhooks.map(({ clientConfig }) => clientConfig.caBundle));
  const [bundle] = bundles;
  return bundles.size === 1 && bundle !== undefined ? Buffer.from(bundle, 'base64').toString() : undefined;
}

/** The serial number of the served certificate, verified by these CAs for the name of the Service. */
export async function servedBy(port: number, ca: string, host = '127.0.0.1'): Promise<string> {
  const socket = connect({ host, port, ca, servername: `kubelet-guard.${NAMESPACE}.svc` });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerCertificate().serialNumber;
  } finally {
    socket.destroy();
  }
}
