// The rights in manifests/base as a list of single rights, so that a test can remove each.

import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from './api.ts';
import type { Rule } from './rights.ts';

const BASE = new URL('../../../manifests/base/', import.meta.url);
const FILES = ['rbac.yaml', 'rbac-certificates.yaml'];

/** A Role or ClusterRole. */
export interface ShippedRole extends KubeObject {
  readonly rules: readonly NamedRule[];
}

interface NamedRule extends Rule {
  readonly resourceNames?: readonly string[];
}

/** One right of a role. */
export interface ShippedRule {
  /** The right in words. */
  readonly name: string;
  readonly role: ShippedRole;
  /** The role without this right. */
  readonly without: ShippedRole;
}

/** All objects of the manifests that grant rights. */
export function shippedObjects(): readonly KubeObject[] {
  return FILES.flatMap((file) => parseAllDocuments(readFileSync(new URL(file, BASE), 'utf8'))).map((document) => {
    const [fault] = document.errors;
    if (fault !== undefined) throw fault;
    return document.toJS() as KubeObject;
  });
}

/** The single rights that they grant: one verb on one resource each. */
export function shippedRules(): readonly ShippedRule[] {
  const roles = shippedObjects().filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole') as ShippedRole[];
  return roles.flatMap((role) => {
    const single = role.rules.flatMap(apart);
    return single.map((rule, left) => {
      const { namespace = 'the cluster', name } = role.metadata;
      const without = { ...role, rules: single.filter((_, index) => index !== left) };
      return { name: `${wordsOf(rule)} (${role.kind} ${name} of ${namespace})`, role, without };
    });
  });
}

function apart({ apiGroups, resources = [], resourceNames, nonResourceURLs = [], verbs }: NamedRule): NamedRule[] {
  return verbs.flatMap((verb) => [
    ...nonResourceURLs.map((url) => ({ nonResourceURLs: [url], verbs: [verb] })),
    ...(apiGroups ?? []).flatMap((group) =>
      resources.flatMap((resource) =>
        (resourceNames ?? [undefined]).map((name) => ({
          apiGroups: [group],
          resources: [resource],
          ...(name !== undefined && { resourceNames: [name] }),
          verbs: [verb],
        })),
      ),
    ),
  ]);
}

function wordsOf({ apiGroups = [], resources, resourceNames = [], nonResourceURLs = [], verbs }: NamedRule): string {
  const [group = ''] = apiGroups;
  const [resource = nonResourceURLs.join()] = resources ?? [];
  return [...verbs, group === '' ? resource : `${resource}.${group}`, ...resourceNames].join(' ');
}
