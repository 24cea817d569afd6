// Reads and writes the Secret in which the webhook keeps its own certificates.

import { loggedOutWords } from '../../policy/rights/denied.ts';
import { asRecord } from '../../json.ts';
import { ApiFault, type Api } from '../api.ts';
import { objectClient, unlessStatus, type StoredObject } from './client.ts';
import { SECRETS } from './resources.ts';

/** A Secret as it was last read or written. */
export interface SeenSecret {
  /** Its values as text. */
  readonly data: Readonly<Record<string, string>>;
  /** Whether it holds something that this program did not write: it is never overwritten. */
  readonly isForeign: boolean;
  /** The whole object. An update changes the values that it names only, and only if nobody wrote to the object since. */
  readonly object: StoredObject;
}

/** Which Secret. */
export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

const TIMEOUT = 5000;
/** No object in etcd is larger by default. */
const SIZE_LIMIT = 1_572_864;
/** The annotation of Secrets that this program wrote. */
const MARK = 'kubelet-guard.dev/certificates';
const MARKED = 'own-authority';

/** Makes the calls about a Secret of certificates. They reject with an ApiFault that says what to do. */
export function secretOf(api: Api, { namespace, name }: SecretName) {
  const secrets = objectClient(api, SECRETS, { namespace, timeout: TIMEOUT, limit: SIZE_LIMIT });
  const answer = async (
    verb: 'get' | 'create' | 'update',
    absent: readonly number[],
    call: Promise<StoredObject>,
  ): Promise<SeenSecret | undefined> => {
    try {
      const object = await unlessStatus(absent, call);
      return object && seenSecret(object);
    } catch (cause) {
      throw adviceOn(cause, verb, { namespace, name });
    }
  };
  return {
    /** How messages name it. */
    name: `${namespace}/${name}`,
    /** Resolves to undefined if there is none. */
    read: (signal: AbortSignal) => answer('get', [404], secrets.get(name, signal)),
    /** Resolves to undefined if somebody else was first. */
    create: (data: SeenSecret['data'], signal: AbortSignal) => {
      const labels = { 'app.kubernetes.io/name': 'kubelet-guard' };
      const metadata = { namespace, name, labels, annotations: { [MARK]: MARKED } };
      // the type as the manifests have it: it cannot be changed, and another one would stop the next apply
      const object = { type: 'Opaque', metadata, data: encoded(data) };
      return answer('create', [409], secrets.create(object, signal));
    },
    /** Resolves to undefined if somebody wrote to it, or deleted it, since it was read. */
    update: ({ object }: SeenSecret, data: SeenSecret['data'], signal: AbortSignal) => {
      const { metadata } = object;
      const annotations = { ...asRecord(metadata.annotations), [MARK]: MARKED };
      const values = { ...asRecord(object.data), ...encoded(data) };
      const next = { ...object, metadata: { ...metadata, annotations }, data: values };
      return answer('update', [404, 409], secrets.update(next, signal));
    },
  };
}

function adviceOn(cause: unknown, verb: string, { namespace, name }: SecretName): ApiFault {
  const { status, message } = cause as ApiFault;
  const restore = `apply the manifests again (kubectl apply -k, or helm upgrade), or run: kubectl --namespace ${namespace} create secret generic ${name}`;
  const rights =
    verb === 'create'
      ? `there is none, and this account may not create it: ${restore}`
      : `allow this account to get and update the Secret ${name} in the namespace ${namespace}`;
  const words: Readonly<Record<number, string>> = {
    401: loggedOutWords(message),
    403: `HTTP 403: ${rights}`,
    404: `the namespace ${namespace} is not there: create it`,
  };
  return new ApiFault(`the Secret ${namespace}/${name}: ${words[status ?? 0] ?? message}`, status, { cause });
}

function seenSecret(object: StoredObject): SeenSecret {
  const values = Object.entries(asRecord(object.data)).flatMap(([key, value]) =>
    typeof value === 'string' ? [[key, Buffer.from(value, 'base64').toString()] as const] : [],
  );
  const isMarked = asRecord(object.metadata.annotations)[MARK] === MARKED;
  return {
    data: Object.fromEntries(values),
    isForeign: !isMarked && values.some(([, value]) => value !== ''),
    object,
  };
}

function encoded(data: SeenSecret['data']): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
}
