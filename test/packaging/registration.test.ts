import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';
import { parse } from 'yaml';

import { JUDGED } from '../../src/webhook/resources.ts';
import { configMapSubjects } from '../../src/facts/inputs/config-maps.ts';
import { ample } from '../support/budget.ts';

const FILES = [
  'manifests/base/validating-webhook-configuration.yaml',
  'manifests/chart/kubelet-guard/templates/validating-webhook-configuration.yaml',
] as const;

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

/** The one webhook of a file, of which templates are left out. */
function webhookOf(file: string): Webhook {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  const plain = text.replaceAll(/^\s*\{\{-.*\n/gm, '').replaceAll(/\{\{.*?\}\}/g, 'x');
  const { webhooks } = parse(plain) as { webhooks: readonly Webhook[] };
  const [webhook] = webhooks;
  if (webhook === undefined || webhooks.length > 1) throw new Error(`${file} does not hold one webhook`);
  return webhook;
}

test('the chart registers what kustomize does', () => {
  const [base, chart] = FILES.map(webhookOf);
  expect(chart?.rules).toEqual(base?.rules);
  expect(chart?.matchConditions).toEqual(base?.matchConditions);
});

test('the rules are what is judged', () => {
  const rules = webhookOf(FILES[0]).rules.flatMap(({ apiGroups, resources, operations, apiVersions, scope }) => {
    expect({ apiVersions, scope }).toEqual({ apiVersions: ['v1'], scope: 'Namespaced' });
    return apiGroups.flatMap((group) =>
      resources.map((resource) => `${group}/${resource} ${operations.toSorted().join()}`),
    );
  });
  const judged = JUDGED.map(({ group, resource, subResource, operations }) => {
    const name = subResource === '' ? resource : `${resource}/${subResource}`;
    return `${group}/${name} ${operations.toSorted().join()}`;
  });
  expect(rules.toSorted()).toEqual(judged.toSorted());
});

test('an update is asked about for the fields that a verdict depends on, and for no others', () => {
  const compared = conditionOf('updates-that-change-what-is-judged').matchAll(/(object[\w.?]*) != (oldObject[\w.?]*)/g);
  const paths = [...compared].map(([, now = '', before = '']) => {
    expect(before).toBe(now.replace('object', 'oldObject'));
    return now.split('.?').slice(1).join('.');
  });
  const judged = JUDGED.flatMap(({ reads = [] }) => reads.map((path) => path.join('.')));
  expect(paths.toSorted()).toEqual([...new Set(judged)].toSorted());
});

test.each(['kube-system', 'openshift-kube-apiserver'])(
  'of the ConfigMaps of %s those are that are read',
  (namespace) => {
    const [openshift = '', kubeadm = ''] = [...conditionOf('configmaps-by-exact-name').matchAll(/'(\^[^']*\$)'/g)].map(
      ([, pattern = '']) => pattern,
    );
    const pattern = new RegExp(namespace === 'kube-system' ? kubeadm : openshift);
    const stems = ['kubelet-config', 'kubeadm-config', 'config', 'kube-config', 'kubelet', 'cluster-config'];
    const ends = [
      '',
      '-1',
      '-12',
      '-1.',
      '-1.2',
      '-1.31',
      '-v1.31',
      '-1.31.2',
      '-2.0',
      '-1x24',
      '-backup',
      '.1',
      '-1.٣',
      '\n',
    ];
    const names = stems.flatMap((stem) => ends.map((end) => `${stem}${end}`));

    const read = names.filter((name) => {
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: {} };
      return (
        configMapSubjects(object, '', { source: { object: name }, vantage: 'declared', budget: ample() }).length > 0
      );
    });

    expect(read.length).toBeGreaterThan(2);
    expect(names.filter((name) => pattern.test(name))).toEqual(read);
  },
);

function conditionOf(name: string): string {
  const found = webhookOf(FILES[0]).matchConditions.find((condition) => condition.name === name);
  if (found === undefined) throw new Error(`there is no match condition ${name}`);
  return found.expression;
}
