import { Agent, request } from 'node:https';
import type { KeyPair } from './pki.ts';

export interface Answer {
  readonly status: number;
  /** The `message` of a Status, else an empty string. */
  readonly message: string;
  readonly body: unknown;
  /** The texts of the Warning headers. */
  readonly warnings: readonly string[];
}

/** The fields of a Kubernetes object that these tests read. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly resourceVersion?: string;
    readonly uid?: string;
  };
}

/**
 * A minimal client for API servers and kubelets, with a certificate or a token. It returns status and warnings as
 * they came over the wire.
 */
export class ApiClient {
  readonly #agent: Agent;
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(base: string, authority: string, identity: KeyPair | { readonly token: string }) {
    this.#base = base;
    const pair = 'token' in identity ? {} : { cert: identity.certificate, key: identity.key };
    this.#headers = 'token' in identity ? { authorization: `Bearer ${identity.token}` } : {};
    this.#agent = new Agent({ ca: authority, ...pair, keepAlive: true });
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.send('GET', path, undefined, headers);
  }

  create(object: KubeObject, query = ''): Promise<Answer> {
    return this.send('POST', `${collection(object)}${query}`, object);
  }

  replace(object: KubeObject, query = ''): Promise<Answer> {
    return this.send('PUT', `${collection(object)}/${object.metadata.name}${query}`, object);
  }

  delete(object: KubeObject): Promise<Answer> {
    return this.send('DELETE', `${collection(object)}/${object.metadata.name}?gracePeriodSeconds=0`);
  }

  close(): void {
    this.#agent.destroy();
  }

  send(method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        new URL(path, this.#base),
        {
          method,
          agent: this.#agent,
          timeout: 30_000,
          headers: { 'content-type': 'application/json', ...this.#headers, ...headers },
        },
        (incoming) => {
          let text = '';
          incoming.setEncoding('utf8');
          incoming.on('data', (chunk: string) => (text += chunk));
          incoming.once('error', reject);
          incoming.once('end', () => {
            const parsed = parse(text);
            resolve({
              status: incoming.statusCode ?? 0,
              message: messageOf(parsed),
              body: parsed,
              warnings: warningsOf(incoming.headersDistinct.warning ?? []),
            });
          });
        },
      );
      outgoing.once('timeout', () => outgoing.destroy(new Error(`${method} ${path} took too long`)));
      outgoing.once('error', reject);
      outgoing.end(body && JSON.stringify(body));
    });
  }
}

/** Makes sure that a request succeeded. */
export function succeeded(answer: Answer): Answer {
  if (answer.status < 300) return answer;
  throw new Error(`the API server answered ${answer.status}: ${answer.message}`);
}

const RESOURCES: Readonly<Record<string, string>> = {
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  ConfigMap: 'configmaps',
  CustomResourceDefinition: 'customresourcedefinitions',
  EndpointSlice: 'endpointslices',
  Namespace: 'namespaces',
  Node: 'nodes',
  Pod: 'pods',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  ServiceAccount: 'serviceaccounts',
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
  ValidatingAdmissionPolicyBinding: 'validatingadmissionpolicybindings',
  ValidatingWebhookConfiguration: 'validatingwebhookconfigurations',
};

function collection({ apiVersion, kind, metadata }: KubeObject): string {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const resource = RESOURCES[kind];
  if (resource === undefined) throw new Error(`these tests do not know where a ${kind} lives`);
  return metadata.namespace === undefined
    ? `${group}/${resource}`
    : `${group}/namespaces/${metadata.namespace}/${resource}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function messageOf(body: unknown): string {
  if (typeof body === 'string') return body;
  return typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : '';
}

/** A Warning header is `299 - "text"`, with backslashes before quotes and backslashes. */
function warningsOf(headers: readonly string[]): string[] {
  return headers
    .flatMap((header) => [...header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)])
    .map(([, text = '']) => text.replace(/\\(.)/g, '$1'));
}
