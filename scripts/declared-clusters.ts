// Writes the webhook of the component declared-clusters, for kustomize and for the chart, from the resources of the inputs.
// `npm run docs` writes; test/packaging/declared-clusters.test.ts compares.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { DECLARED_RESOURCES } from '../src/facts/inputs/index.ts';
import type { AdmissionResource } from '../src/facts/inputs/input.ts';

const MANIFESTS = join(import.meta.dirname, '../manifests');
const KUSTOMIZE = join(MANIFESTS, 'components/declared-clusters/webhook.yaml');
const CHART = join(MANIFESTS, 'chart/kubelet-guard/templates/_declared-clusters.tpl');
const HEADER = '`npm run docs` writes this file from the resources in src/facts/inputs.';

/** The webhook, without how it is called. */
export function declaredClustersWebhook(): object {
  return {
    name: 'declared-clusters.kubelet-guard.dev',
    admissionReviewVersions: ['v1'],
    failurePolicy: 'Ignore',
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
    timeoutSeconds: 2,
    rules: rules(),
    matchConditions: [
      {
        name: 'objects-that-hold-settings',
        expression: byResource(({ reads = [] }) => any(reads.filter(isSetting), holds)),
      },
      {
        name: 'updates-that-change-what-is-judged',
        expression: `request.operation != 'UPDATE' || (\n${byResource(({ reads = [] }) => any(reads, changes))}\n)`,
      },
      { name: 'not-made-by-a-controller', expression: notMadeByController() },
    ],
  };
}

function rules(): object[] {
  const groups = Map.groupBy(DECLARED_RESOURCES, ({ group, version, otherVersions = [] }) =>
    JSON.stringify([group, version, ...otherVersions]),
  );
  return [...groups].map(([key, resources]) => {
    const [group, ...versions] = JSON.parse(key) as string[];
    return {
      apiGroups: [group],
      apiVersions: versions,
      operations: ['CREATE', 'UPDATE'],
      resources: resources.map(({ resource }) => resource),
      scope: '*',
    };
  });
}

/** An expression that has another branch for each set of fields. */
function byResource(expressionOf: (resource: AdmissionResource) => string): string {
  const branches = Map.groupBy(DECLARED_RESOURCES, expressionOf);
  const lines = Array.from(branches, ([expression, resources]) => `${isOneOf(resources)} ? (${expression}) :`);
  return [...lines, 'false'].join('\n');
}

function isOneOf(resources: readonly AdmissionResource[]): string {
  const names = resources.map(({ group, resource }) => `'${group}/${resource}'`);
  return `(request.resource.group + '/' + request.resource.resource) in [${names.join(', ')}]`;
}

type Path = readonly string[];

function any(reads: readonly Path[], test: (path: Path) => string): string {
  return reads.map(test).join(' || ');
}

/** A version decides which flags there are, and sets none. */
function isSetting(path: Path): boolean {
  return path.at(-1)?.toLowerCase().endsWith('version') !== true;
}

function holds(path: Path): string {
  return `${fieldOf('object', path)}.hasValue()`;
}

function changes(path: Path): string {
  return `${fieldOf('object', path)} != ${fieldOf('oldObject', path)}`;
}

function fieldOf(object: string, path: Path): string {
  return [object, ...path].join('.?');
}

/** A controller makes them from an object that was checked when it was written. */
function notMadeByController(): string {
  const made = isOneOf(DECLARED_RESOURCES.filter(({ isMadeByControllers }) => isMadeByControllers));
  return [
    `!(${made}) ||`,
    "!request.userInfo.username.startsWith('system:serviceaccount:') ||",
    '!object.metadata.?ownerReferences.orValue([]).exists(owner, owner.?controller.orValue(false))',
  ].join('\n');
}

/** The patch of the kustomize component. */
export function kustomizePatch(): string {
  const service = { namespace: 'kubelet-guard', name: 'kubelet-guard', path: '/validate', port: 443 };
  const value = { ...declaredClustersWebhook(), clientConfig: { service } };
  return `# ${HEADER}\n${stringify([{ op: 'add', path: '/webhooks/-', value }], { lineWidth: 0, singleQuote: true })}`;
}

/** The template of the chart. */
export function chartTemplate(): string {
  const service = { namespace: '{{ .Release.Namespace }}', name: 'kubelet-guard', path: '/validate', port: 443 };
  const configured = (key: string) => `{{ .Values.validatingWebhookConfiguration.${key} }}`;
  const own = { failurePolicy: configured('failurePolicy'), timeoutSeconds: configured('timeoutSeconds') };
  const value = { ...declaredClustersWebhook(), ...own, clientConfig: { service } };
  const text = stringify([value], { lineWidth: 0, singleQuote: true }).replace(/'(\{\{.*\}\})'/g, '$1');
  return `{{/* ${HEADER} */}}\n{{- define "kubelet-guard.declaredClusters" -}}\n${text}{{- end }}\n`;
}

/** Writes both. */
export function writeDeclaredClusters(): void {
  writeFileSync(KUSTOMIZE, kustomizePatch());
  writeFileSync(CHART, chartTemplate());
}
