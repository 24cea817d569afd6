// The check `other-webhooks`: which other webhooks are called for the same objects?

import { asArray, asRecord, asRecords, asStrings, stringOrEmpty } from '../../../json.ts';
import { NO_RIGHT, type Check } from '../report.ts';
import type { Answer } from '../../../kube/read-only-api.ts';
import { expressionsOf } from './webhook-configuration.ts';
import { NAMES } from '../shipped.ts';

/** The webhook configurations of the cluster. */
export interface OtherWebhooks {
  readonly mutating: Answer<readonly unknown[]>;
  readonly validating: Answer<readonly unknown[]>;
  /** The labels of kube-system. */
  readonly labels: Answer<Readonly<Record<string, unknown>>>;
}

const HOME = 'kube-system';
const OPERATIONS: ReadonlySet<string> = new Set(['*', 'CREATE', 'UPDATE']);
const RESOURCES: ReadonlySet<string> = new Set(['*', '*/*', 'pods', 'configmaps']);

/** Lists the other webhooks that are called for pods or ConfigMaps of kube-system: they can change or deny what kubelet-guard checks. */
export function checkOtherWebhooks({ mutating, validating, labels }: OtherWebhooks): Check {
  const check = 'other-webhooks';
  const unknown = [mutating, validating].find((asked) => 'unknown' in asked);
  if (unknown !== undefined && 'unknown' in unknown)
    return { check, result: 'unknown', message: unknown.unknown, remedy: NO_RIGHT };
  // the API server sets this label on every namespace
  const known = { ...('known' in labels && labels.known), 'kubernetes.io/metadata.name': HOME };
  const details = [
    ...touching('mutating', mutating, known, 'known' in labels),
    ...touching('validating', validating, known, 'known' in labels),
  ];
  if (details.length === 0) return { check, result: 'ok', message: `no other webhook is called for ${HOME}` };
  const message = `${details.length} other ${details.length === 1 ? 'webhook is' : 'webhooks are'} called for pods or ConfigMaps of ${HOME}; a mutating one is called first, and can change what kubelet-guard checks`;
  return { check, result: 'ok', message, details };
}

type Labels = Readonly<Record<string, unknown>>;

function touching(
  kind: 'mutating' | 'validating',
  asked: Answer<readonly unknown[]>,
  labels: Labels,
  areAll: boolean,
): string[] {
  const configurations = 'known' in asked ? asked.known.map(asRecord) : [];
  return configurations.flatMap(({ metadata, webhooks }) => {
    const name = stringOrEmpty(asRecord(metadata).name);
    if (kind === 'validating' && name === NAMES.registration) return [];
    return asRecords(webhooks)
      .filter((webhook) => hasOurRules(webhook.rules) && mayBeSelected(webhook, labels, areAll))
      .map(
        (webhook) =>
          `${kind} ${name}/${stringOrEmpty(webhook.name)} (failurePolicy ${stringOrEmpty(webhook.failurePolicy) || 'Fail'})`,
      );
  });
}

function hasOurRules(rules: unknown): boolean {
  return asArray(rules).some((rule) => {
    const { apiGroups, apiVersions, operations, resources, scope } = asRecord(rule);
    return (
      scope !== 'Cluster' &&
      asStrings(apiGroups).some((group) => group === '' || group === '*') &&
      asStrings(apiVersions).some((version) => version === 'v1' || version === '*') &&
      asStrings(operations).some((operation) => OPERATIONS.has(operation)) &&
      asStrings(resources).some((resource) => RESOURCES.has(resource))
    );
  });
}

/** If not all labels are known, an unknown label may have any value. */
function mayBeSelected(webhook: Labels, labels: Labels, areAll: boolean): boolean {
  const { matchLabels } = asRecord(webhook.namespaceSelector);
  const required = Object.entries(asRecord(matchLabels)).map(([key, value]) => {
    return { key, operator: 'In', values: [stringOrEmpty(value)] };
  });
  return [...required, ...expressionsOf(webhook)].every(({ key, operator, values }) => {
    const value = labels[key];
    if (value === undefined && !areAll) return true;
    const isAmong = typeof value === 'string' && values.includes(value);
    if (operator === 'In') return isAmong;
    if (operator === 'NotIn') return !isAmong;
    return (operator === 'Exists') === (value !== undefined);
  });
}
