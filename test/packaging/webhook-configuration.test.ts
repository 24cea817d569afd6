// The ValidatingWebhookConfigurations of kustomize and of the chart send exactly the objects that the webhook checks.

import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';
import { parse } from 'yaml';

import { INPUTS } from '../../src/facts/inputs/index.ts';
import { ADMISSION_RESOURCES, DECLARED_RESOURCES, WATCHED_CONFIG_MAPS } from '../../src/inspect.ts';

const FILES = [
  'manifests/base/validating-webhook-configuration.yaml',
  'manifests/chart/kubelet-guard/templates/validating-webhook-configuration.yaml',
] as const;

/** The component declared-clusters has the others: declared-clusters.test.ts. */
const BASE_RESOURCES = ADMISSION_RESOURCES.filter((resource) => !DECLARED_RESOURCES.includes(resource));

interface Rule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly string[];
  readonly resources: readonly string[];
  readonly scope: string;
}

interface Webhook {
  readonly rules: readonly Rule[];
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[];
}

/** The one webhook of a file, without the chart's template actions. */
function webhookOf(file: string): Webhook {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  const plain = text.replaceAll(/^\s*\{\{-.*\n/gm, '').replaceAll(/\{\{.*?\}\}/g, 'x');
  const { webhooks } = parse(plain) as { webhooks: readonly Webhook[] };
  const [webhook] = webhooks;
  if (webhook === undefined || webhooks.length > 1) throw new Error(`${file} does not hold one webhook`);
  return webhook;
}

function conditionOf(name: string): string {
  const found = webhookOf(FILES[0]).matchConditions.find((condition) => condition.name === name);
  if (found === undefined) throw new Error(`there is no match condition ${name}`);
  return found.expression;
}

test('the chart has the rules and match conditions of kustomize', () => {
  const [base, chart] = FILES.map(webhookOf);
  expect(chart?.rules).toEqual(base?.rules);
  expect(chart?.matchConditions).toEqual(base?.matchConditions);
});

test('the rules select exactly the resources of the inputs', () => {
  const rules = webhookOf(FILES[0]).rules.flatMap(({ apiGroups, resources, operations, apiVersions, scope }) => {
    expect(scope).toBe('Namespaced');
    return apiGroups.flatMap((group) =>
      apiVersions.flatMap((version) =>
        resources.map((resource) => `${group}/${version} ${resource} ${operations.toSorted().join()}`),
      ),
    );
  });
  const checked = BASE_RESOURCES.map(({ group, version, resource, subResource, operations }) => {
    const name = subResource === '' ? resource : `${resource}/${subResource}`;
    return `${group}/${version} ${name} ${operations.toSorted().join()}`;
  });
  expect(rules.toSorted()).toEqual(checked.toSorted());
});

test.each(BASE_RESOURCES.map((checked) => [`${checked.resource}/${checked.subResource}`, checked] as const))(
  'an update of %s is sent if it changes a field that the decision depends on',
  (_name, { resource, reads }) => {
    const expression = conditionOf('updates-that-change-what-is-judged');
    const [always = '', ...branches] = expression.split(/request\.resource\.resource == '(?=\w+' \?)/);
    const byResource = new Map(
      branches.map((branch) => [branch.slice(0, branch.indexOf("'")), branch.split(' :\n').at(0) ?? '']),
    );
    const others = branches.at(-1)?.slice(branches.at(-1)?.lastIndexOf(' :')) ?? '';
    if (reads === undefined) expect(always).toContain(`|| request.resource.resource == '${resource}' ||`);
    else expect(comparedIn(byResource.get(resource) ?? others)).toEqual(reads.map((path) => path.join('.')).toSorted());
  },
);

/** The fields of object and oldObject that an expression compares. */
function comparedIn(expression: string): string[] {
  return [...expression.matchAll(/(object[\w.?]*) != (oldObject[\w.?]*)/g)]
    .map(([, now = '', before = '']) => {
      expect(before).toBe(now.replace('object', 'oldObject'));
      return now.split('.?').slice(1).join('.');
    })
    .toSorted();
}

test.each([...new Set(WATCHED_CONFIG_MAPS.map(({ namespace }) => namespace))])(
  'exactly the ConfigMaps of the inputs are sent from the namespace %s',
  (namespace) => {
    const expression = conditionOf('configmaps-by-exact-name');
    const byNamespace = new Map(
      [...expression.matchAll(/request\.namespace == '([^']*)'\s*\?\s*'([^']*)'/g)].map(([, name, pattern]) => [
        name,
        pattern,
      ]),
    );
    const others = [...expression.matchAll(/'(\^[^']*\$)'/g)].at(-1)?.[1];
    const pattern = new RegExp(byNamespace.get(namespace) ?? others ?? '(?!)');
    const stems = new Set([...WATCHED_CONFIG_MAPS.map(({ name }) => name), 'kube-config', 'kubelet', 'cluster-config']);
    const ends = [
      ...['', '-1', '-12', '-1.', '-1.2', '-1.31', '-v1.31', '-1.31.2', '-2.0', '-1x24', '-backup', '.1', '-1.٣', '\n'],
    ];
    const names = [...stems].flatMap((stem) => ends.map((end) => `${stem}${end}`));

    const read = names.filter((name) =>
      INPUTS.some(({ matches }) => matches({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } })),
    );

    expect(read.length).toBeGreaterThan(2);
    expect(names.filter((name) => pattern.test(name))).toEqual(read);
  },
);
