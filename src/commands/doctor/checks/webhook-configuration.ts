// The check `registration`: is the ValidatingWebhookConfiguration as shipped?

import { asArray, asRecord, asRecords, stringOrEmpty } from '../../../json.ts';
import { NO_RIGHT, type Check } from '../report.ts';
import type { Answer } from '../../../kube/read-only-api.ts';
import { namedDifferences, plain, short } from '../compare.ts';
import { shipped } from '../shipped.ts';

/** The installed ValidatingWebhookConfiguration: where the webhook is called, and who renews its certificate. */
export interface InstalledWebhook {
  readonly object: unknown;
  /** One for each webhook, in base64. */
  readonly caBundles: readonly string[];
  readonly service: { readonly namespace: string; readonly name: string } | undefined;
  /** The Secret that cert-manager takes the bundle from, as `namespace/name`. */
  readonly injectedFrom: string | undefined;
}

/** The fields that the values of the chart set, with the API server's defaults. */
const CHOSEN_FIELDS = { failurePolicy: 'Fail', timeoutSeconds: 10 } as const;

/** The other fields that are compared, with the API server's defaults. */
const FIELDS = {
  matchPolicy: 'Equivalent',
  sideEffects: undefined,
  admissionReviewVersions: [],
  rules: [],
  matchConditions: [],
  objectSelector: {},
} as const;

const APPLY =
  'apply the manifests of the version that runs (kubectl apply -k, or helm upgrade); intended differences are listed here too';

/** Reads a ValidatingWebhookConfiguration. */
export function readWebhookConfiguration(object: unknown): InstalledWebhook {
  const webhooks = asArray(asRecord(object).webhooks).map((webhook) => asRecord(asRecord(webhook).clientConfig));
  const { annotations } = asRecord(asRecord(object).metadata);
  const { namespace, name } = asRecord(webhooks[0]?.service);
  const injectedFrom = stringOrEmpty(asRecord(annotations)['cert-manager.io/inject-ca-from']);
  return {
    object,
    caBundles: webhooks.map(({ caBundle }) => stringOrEmpty(caBundle)),
    service: typeof namespace === 'string' && typeof name === 'string' ? { namespace, name } : undefined,
    injectedFrom: injectedFrom === '' ? undefined : injectedFrom,
  };
}

/**
 * Compares the ValidatingWebhookConfiguration with the shipped one. The URL or Service of the webhook and its caBundle are not
 * compared: the checks `canary` and `certificate` decide about them.
 *
 * @param namespaces the namespaces of the configuration, if it is known
 */
export function checkWebhookConfiguration(
  asked: Answer<InstalledWebhook | undefined>,
  namespaces: ReadonlySet<string> | undefined,
): Check {
  const check = 'registration';
  if ('unknown' in asked) return { check, result: 'unknown', message: asked.unknown, remedy: NO_RIGHT };
  if (asked.known === undefined) {
    const message = 'there is no ValidatingWebhookConfiguration kubelet-guard: no API server calls the webhook';
    return { check, result: 'problem', message, remedy: 'apply the manifests (kubectl apply -k, or helm upgrade)' };
  }
  const faults = differences(asked.known.object, namespaces);
  const chosen = choices(asked.known.object);
  const details = [...faults, ...chosen];
  if (faults.length > 0) {
    const message = `not as shipped, ${calledAt(asked.known)}`;
    return { check, result: 'problem', message, details, remedy: APPLY };
  }
  const message = `${details.length === 0 ? 'as shipped' : 'as shipped but for what was chosen'}, ${calledAt(asked.known)}`;
  return { check, result: 'ok', message, ...(details.length > 0 && { details }) };
}

function differences(object: unknown, namespaces: ReadonlySet<string> | undefined): string[] {
  const found = asRecords(asRecord(object).webhooks);
  const { webhooks, optionalWebhooks } = shipped;
  const known = new Set([...webhooks, ...optionalWebhooks].map(({ name }) => name));
  const more = found
    .filter(({ name }) => !known.has(name))
    .map(({ name }) => `webhook ${stringOrEmpty(name)} is not shipped`);
  const rest = webhooks.flatMap((wanted) => {
    const actual = found.find(({ name }) => name === wanted.name);
    if (actual === undefined) return [`webhook ${stringOrEmpty(wanted.name)} is missing`];
    return [...fieldDifferences(actual, wanted), ...selectorDifferences(actual, wanted, namespaces)];
  });
  const optional = optionalWebhooks.flatMap((wanted) => {
    const actual = found.find(({ name }) => name === wanted.name);
    if (actual === undefined) return [];
    const selector = difference('namespaceSelector', actual, wanted, {});
    return [...fieldDifferences(actual, wanted), ...selector].map(
      (detail) => `${stringOrEmpty(wanted.name)}: ${detail}`,
    );
  });
  return [...more, ...rest, ...optional];
}

/** What whoever installed it may choose. */
function choices(object: unknown): string[] {
  const found = asRecords(asRecord(object).webhooks);
  return [...shipped.webhooks, ...shipped.optionalWebhooks].flatMap((wanted) => {
    const actual = found.find(({ name }) => name === wanted.name);
    if (actual === undefined) return [];
    return fieldDifferences(actual, wanted, CHOSEN_FIELDS).map((detail) => `${stringOrEmpty(wanted.name)}: ${detail}`);
  });
}

function fieldDifferences(
  actual: Webhook,
  wanted: Webhook,
  fields: Readonly<Record<string, unknown>> = FIELDS,
): string[] {
  return Object.entries(fields).flatMap(([field, otherwise]) => difference(field, actual, wanted, otherwise));
}

type Webhook = Readonly<Record<string, unknown>>;

function difference(field: string, actual: Webhook, wanted: Webhook, otherwise: unknown): string[] {
  const [is, was] = [plain(actual[field] ?? otherwise), plain(wanted[field] ?? otherwise)];
  if (is === was) return [];
  if (field === 'matchConditions') return namedDifferences(field, actual[field], wanted[field]);
  return [`${field} is ${short(is)}, shipped ${short(was)}`];
}

const NAME_LABEL = 'kubernetes.io/metadata.name';

/** The configuration decides which namespaces the selector should select. */
function selectorDifferences(actual: Webhook, wanted: Webhook, namespaces: ReadonlySet<string> | undefined): string[] {
  const expressions = expressionsOf(actual);
  const own = expressions.findIndex(({ key, operator }) => key === NAME_LABEL && operator === 'In');
  const { matchLabels } = asRecord(actual.namespaceSelector);
  const labels = Object.keys(asRecord(matchLabels));
  const added = expressions.filter((_, index) => index !== own);
  const extra = [...added.map(wordsOf), ...labels.map((key) => `${key} (matchLabels)`)];
  const details = extra.map((words) => `namespaceSelector also requires ${words}`);
  const selected = expressions[own]?.values;
  if (selected === undefined) return [...details, `namespaceSelector does not select its namespaces by ${NAME_LABEL}`];
  const expected = namespaces ?? new Set(expressionsOf(wanted).flatMap(({ values }) => values));
  const missing = [...expected].filter((name) => !selected.includes(name));
  const beyond = namespaces === undefined ? [] : selected.filter((name) => !namespaces.has(name));
  return [
    ...details,
    ...missing.map((name) => `namespaceSelector does not select ${name}`),
    ...beyond.map((name) => `namespaceSelector selects ${name}, which is not in the configuration`),
  ];
}

/** A requirement of a label selector. */
export interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** The matchExpressions of a webhook's namespaceSelector. */
export function expressionsOf({ namespaceSelector }: Webhook): readonly Requirement[] {
  return asArray(asRecord(namespaceSelector).matchExpressions).map((item) => {
    const { key, operator, values } = asRecord(item);
    return { key: stringOrEmpty(key), operator: stringOrEmpty(operator), values: asArray(values).map(stringOrEmpty) };
  });
}

function wordsOf({ key, operator, values }: Requirement): string {
  return [key, operator, ...(values.length > 0 ? [values.join(',')] : [])].join(' ');
}

function calledAt({ object, service }: InstalledWebhook): string {
  if (service !== undefined) return `called at the Service ${service.namespace}/${service.name}`;
  const [first] = asArray(asRecord(object).webhooks);
  return `called at ${stringOrEmpty(asRecord(asRecord(first).clientConfig).url) || 'no address'}`;
}
