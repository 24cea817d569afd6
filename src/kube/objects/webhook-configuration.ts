import { asRecord, asRecords, parseJson, type UnknownRecord } from '../../json.ts';
import { ApiFault, jsonOf, statusFault, type Api, type ApiAnswer } from '../api.ts';

/** A ValidatingWebhookConfiguration as the API server last told of it. */
export interface StoredRegistration {
  /** The CAs that API servers know each of its webhooks by, in PEM; empty where none is set. */
  readonly caBundles: readonly string[];
  /** The whole object: an update changes nothing of it but the bundles, and only if nobody wrote to it since. */
  readonly object: object;
}

/** The calls about the registration of the webhook. They reject with an ApiFault that says what to do. */
export interface RegistrationPort {
  /** How messages call it. */
  readonly name: string;
  /** Resolves to undefined where there is none. */
  readonly read: (signal: AbortSignal) => Promise<StoredRegistration | undefined>;
  /**
   * Makes this the bundle of each of its webhooks.
   *
   * @returns false where somebody wrote to it, or deleted it, since it was seen
   */
  readonly trust: (seen: StoredRegistration, caBundle: string, signal: AbortSignal) => Promise<boolean>;
}

const COLLECTION = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const TIMEOUT = 5000;
/** No object in etcd is larger by default. */
const SIZE_LIMIT = 1_572_864;

/** The calls about a ValidatingWebhookConfiguration, with the optimistic concurrency of the API. */
export function registrationOf(api: Api, name: string): RegistrationPort {
  const path = `${COLLECTION}/${encodeURIComponent(name)}`;
  const words = `the ValidatingWebhookConfiguration ${name}`;
  const ask = async (
    request: { method: 'GET' | 'PUT'; body?: object },
    none: readonly number[],
    signal: AbortSignal,
  ): Promise<ApiAnswer | undefined> => {
    let answer: ApiAnswer;
    try {
      answer = await api({ timeout: TIMEOUT, limit: SIZE_LIMIT, path, ...request }, signal);
    } catch (cause) {
      throw new ApiFault(`${words}: ${(cause as Error).message}`, undefined, { cause });
    }
    const { status, text } = answer;
    if (none.includes(status)) return undefined;
    if (status === 401 || status === 403) {
      throw new ApiFault(`${words}: HTTP ${status}: allow this account to get and update it`, status);
    }
    if (status > 299) throw new ApiFault(`${words}: ${statusFault(parseJson(text), status).message}`, status);
    return answer;
  };
  return {
    name,
    read: async (signal) => {
      const answer = await ask({ method: 'GET' }, [404], signal);
      return answer && registrationIn(jsonOf(answer), words);
    },
    trust: async ({ object }, caBundle, signal) => {
      const encoded = Buffer.from(caBundle).toString('base64');
      const webhooks = webhooksOf(object).map((webhook) => ({
        ...webhook,
        clientConfig: { ...asRecord(webhook.clientConfig), caBundle: encoded },
      }));
      return (await ask({ method: 'PUT', body: { ...object, webhooks } }, [404, 409], signal)) !== undefined;
    },
  };
}

function registrationIn(object: unknown, words: string): StoredRegistration {
  const { resourceVersion } = asRecord(asRecord(object).metadata);
  // without it an update would overwrite whatever is there
  if (typeof resourceVersion !== 'string' || resourceVersion === '') throw new ApiFault(`${words}: this is none`);
  const caBundles = webhooksOf(object).map(({ clientConfig }) => {
    const { caBundle } = asRecord(clientConfig);
    return typeof caBundle === 'string' ? Buffer.from(caBundle, 'base64').toString() : '';
  });
  return { caBundles, object: object as object };
}

function webhooksOf(object: unknown): readonly UnknownRecord[] {
  const { webhooks } = asRecord(object);
  return asRecords(webhooks);
}
