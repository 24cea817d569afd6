import { asRecord, parseJson } from '../../json.ts';
import { ApiFault, jsonOf, statusFault, type Api, type ApiAnswer } from '../api.ts';

/** A Secret as the API server last told of it. */
export interface StoredSecret {
  /** Its values as text; what is no text is not there. */
  readonly data: Readonly<Record<string, string>>;
  /** Whether it holds something that this program did not write: it is never overwritten. */
  readonly isForeign: boolean;
  /** The whole object: an update changes nothing of it but the values that it names, and only if nobody wrote to it since. */
  readonly object: object;
}

/** The calls about one Secret. They reject with an ApiFault that says what to do. */
export interface SecretPort {
  /** How messages call it. */
  readonly name: string;
  /** Resolves to undefined where there is none. */
  readonly read: (signal: AbortSignal) => Promise<StoredSecret | undefined>;
  /** Resolves to undefined where somebody else was first. */
  readonly create: (data: StoredSecret['data'], signal: AbortSignal) => Promise<StoredSecret | undefined>;
  /** Resolves to undefined where somebody wrote to it, or deleted it, since it was seen. */
  readonly update: (
    seen: StoredSecret,
    data: StoredSecret['data'],
    signal: AbortSignal,
  ) => Promise<StoredSecret | undefined>;
}

/** Which Secret. */
export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

const TIMEOUT = 5000;
/** No object in etcd is larger by default. */
const SIZE_LIMIT = 1_572_864;
/** By this annotation a Secret is known as our own. */
const MARK = 'kubelet-guard.dev/certificates';
const MARKED = 'own-authority';

/** The calls about a Secret of certificates, with the optimistic concurrency of the API. */
export function secretOf(api: Api, { namespace, name }: SecretName): SecretPort {
  const collection = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
  const path = `${collection}/${encodeURIComponent(name)}`;
  const words = `the Secret ${namespace}/${name}`;
  const restore = `apply the manifests again (kubectl apply -k, or helm upgrade), or run: kubectl --namespace ${namespace} create secret generic ${name}`;
  const ask = async (
    request: { method: 'GET' | 'POST' | 'PUT'; path: string; body?: object },
    none: readonly number[],
    signal: AbortSignal,
  ): Promise<StoredSecret | undefined> => {
    let answer: ApiAnswer;
    try {
      answer = await api({ timeout: TIMEOUT, limit: SIZE_LIMIT, ...request }, signal);
    } catch (cause) {
      throw new ApiFault(`${words}: ${(cause as Error).message}`, undefined, { cause });
    }
    const { status, text } = answer;
    if (none.includes(status)) return undefined;
    if (status === 401 || status === 403) {
      const advice =
        request.method === 'POST'
          ? `there is none, and this account may not create it: ${restore}`
          : `allow this account to get and update the Secret ${name} in the namespace ${namespace}`;
      throw new ApiFault(`${words}: HTTP ${status}: ${advice}`, status);
    }
    if (status === 404) throw new ApiFault(`${words}: the namespace ${namespace} is not there: create it`, status);
    if (status > 299) throw new ApiFault(`${words}: ${statusFault(parseJson(text), status).message}`, status);
    return secretIn(jsonOf(answer), words);
  };
  return {
    name: `${namespace}/${name}`,
    read: (signal) => ask({ method: 'GET', path }, [404], signal),
    create: (data, signal) => {
      const metadata = {
        namespace,
        name,
        labels: { 'app.kubernetes.io/name': 'kubelet-guard' },
        annotations: { [MARK]: MARKED },
      };
      // the type as the manifests have it: it cannot be changed, and another one would stop the next apply
      const body = { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata, data: encoded(data) };
      return ask({ method: 'POST', path: collection, body }, [409], signal);
    },
    update: ({ object }, data, signal) => {
      const { metadata, data: before } = asRecord(object);
      const annotations = { ...asRecord(asRecord(metadata).annotations), [MARK]: MARKED };
      const values = { ...asRecord(before), ...encoded(data) };
      const body = { ...object, metadata: { ...asRecord(metadata), annotations }, data: values };
      return ask({ method: 'PUT', path, body }, [404, 409], signal);
    },
  };
}

function secretIn(object: unknown, words: string): StoredSecret {
  const { metadata, data } = asRecord(object);
  const { resourceVersion, annotations } = asRecord(metadata);
  // without it an update would overwrite whatever is there
  if (typeof resourceVersion !== 'string' || resourceVersion === '') throw new ApiFault(`${words}: this is no Secret`);
  const values = Object.entries(asRecord(data)).flatMap(([key, value]) =>
    typeof value === 'string' ? [[key, Buffer.from(value, 'base64').toString()] as const] : [],
  );
  const isMarked = asRecord(annotations)[MARK] === MARKED;
  return {
    data: Object.fromEntries(values),
    isForeign: !isMarked && values.some(([, value]) => value !== ''),
    object: object as object,
  };
}

function encoded(data: StoredSecret['data']): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
}
