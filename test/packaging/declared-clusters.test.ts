// The webhook of the component declared-clusters sends exactly the objects that declare clusters and that the webhook checks.

import { readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';

import { chartTemplate, declaredClustersWebhook, kustomizePatch } from '../../scripts/declared-clusters.ts';
import { DECLARED_RESOURCES } from '../../src/inspect.ts';

const MANIFESTS = new URL('../../manifests/', import.meta.url);

function text(path: string): string {
  return readFileSync(new URL(path, MANIFESTS), 'utf8');
}

interface Webhook {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly apiVersions: readonly string[];
    readonly operations: readonly string[];
    readonly resources: readonly string[];
    readonly scope: string;
  }[];
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[];
}

const webhook = declaredClustersWebhook() as Webhook;

describe('the component declared-clusters (npm run docs writes it)', () => {
  test('is up to date for kustomize', () => {
    expect(parse(text('components/declared-clusters/webhook.yaml'))).toEqual(parse(kustomizePatch()));
  });

  test('is up to date for the chart', () => {
    expect(text('chart/kubelet-guard/templates/_declared-clusters.tpl')).toBe(chartTemplate());
  });

  test('has a rule for each resource that declares clusters, in any namespace or none', () => {
    const rules = webhook.rules.flatMap(({ apiGroups, apiVersions, operations, resources, scope }) => {
      expect(scope).toBe('*');
      return apiGroups.flatMap((group) =>
        resources.map((resource) => `${group}/${apiVersions.join()} ${resource} ${operations.toSorted().join()}`),
      );
    });
    const checked = DECLARED_RESOURCES.map(({ group, version, otherVersions = [], resource, operations }) => {
      return `${group}/${[version, ...otherVersions].join()} ${resource} ${operations.toSorted().join()}`;
    });
    expect(rules.toSorted()).toEqual(checked.toSorted());
    expect(checked.length).toBeGreaterThan(10);
  });

  test.each(DECLARED_RESOURCES.map((checked) => [`${checked.resource}.${checked.group}`, checked] as const))(
    'compares the fields of %s that a verdict depends on',
    (_name, { group, resource, reads = [], subResource }) => {
      const branch = branchOf('updates-that-change-what-is-judged', `'${group}/${resource}'`);
      const compared = [...branch.matchAll(/ ?object\.\?([\w.?]+) != oldObject\.\?([\w.?]+)/g)].map(([, now, old]) => {
        expect(old).toBe(now);
        return (now ?? '').split('.?').join('.');
      });
      expect(subResource).toBe('');
      expect(reads.length).toBeGreaterThan(0);
      expect(compared.toSorted()).toEqual(reads.map((path) => path.join('.')).toSorted());
      expect(branchOf('objects-that-hold-settings', `'${group}/${resource}'`)).toContain('.hasValue()');
    },
  );
});

/** The branch of a condition for a resource. */
function branchOf(condition: string, resource: string): string {
  const { expression = '' } = webhook.matchConditions.find(({ name }) => name === condition) ?? {};
  return expression.split('\n').find((line) => line.includes(resource)) ?? '';
}
