// Reads a ValidatingWebhookConfiguration and sets its caBundle.

import { loggedOutWords } from '../../policy/rights/denied.ts';
import { asRecord, asRecords, stringOrEmpty, type UnknownRecord } from '../../json.ts';
import { ApiFault, type Api } from '../api.ts';
import { objectClient, unlessStatus, type StoredObject } from './client.ts';
import { WEBHOOK_CONFIGURATIONS } from './resources.ts';

/** A ValidatingWebhookConfiguration as it was last read. */
export interface SeenWebhookConfiguration {
  /** The caBundle of each of its webhooks, in PEM; empty where none is set. */
  readonly caBundles: readonly string[];
  /** The whole object. An update changes the bundles only, and only if nobody wrote to the object since. */
  readonly object: StoredObject;
}

const TIMEOUT = 5000;
/** No object in etcd is larger by default. */
const SIZE_LIMIT = 1_572_864;

/** Makes the calls about a ValidatingWebhookConfiguration. They reject with an ApiFault that says what to do. */
export function webhookConfigurationOf(api: Api, name: string) {
  const configurations = objectClient(api, WEBHOOK_CONFIGURATIONS, { timeout: TIMEOUT, limit: SIZE_LIMIT });
  const answer = async (absent: readonly number[], call: Promise<StoredObject>): Promise<StoredObject | undefined> => {
    try {
      return await unlessStatus(absent, call);
    } catch (cause) {
      const { status, message } = cause as ApiFault;
      const isDenied = status === 403;
      const words = isDenied ? 'HTTP 403: allow this account to get and update it' : loggedOutWords(message);
      throw new ApiFault(`the ValidatingWebhookConfiguration ${name}: ${words}`, status, { cause });
    }
  };
  return {
    /** How messages name it. */
    name,
    /** Resolves to undefined if there is none. */
    read: async (signal: AbortSignal): Promise<SeenWebhookConfiguration | undefined> => {
      const object = await answer([404], configurations.get(name, signal));
      return object && { caBundles: webhooksOf(object).map(caBundleOf), object };
    },
    /**
     * Sets the caBundle of each of its webhooks.
     *
     * @returns false where somebody wrote to it, or deleted it, since it was read
     */
    setCABundle: async (
      { object }: SeenWebhookConfiguration,
      caBundle: string,
      signal: AbortSignal,
    ): Promise<boolean> => {
      const encoded = Buffer.from(caBundle).toString('base64');
      const webhooks = webhooksOf(object).map((webhook) => ({
        ...webhook,
        clientConfig: { ...asRecord(webhook.clientConfig), caBundle: encoded },
      }));
      return (await answer([404, 409], configurations.update({ ...object, webhooks }, signal))) !== undefined;
    },
  };
}

function webhooksOf({ webhooks }: StoredObject): readonly UnknownRecord[] {
  return asRecords(webhooks);
}

function caBundleOf({ clientConfig }: UnknownRecord): string {
  return Buffer.from(stringOrEmpty(asRecord(clientConfig).caBundle), 'base64').toString();
}
