// The manifests give the right to list and watch exactly the ConfigMaps of the inputs.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';

import { WATCHED_CONFIG_MAPS } from '../../src/inspect.ts';

const MANIFESTS = join(import.meta.dirname, '../../manifests');

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly rules: readonly { readonly resources?: readonly string[]; readonly resourceNames?: readonly string[] }[];
}

/** The names of the watched ConfigMaps, by namespace. */
const WATCHED = Object.fromEntries(
  [...Map.groupBy(WATCHED_CONFIG_MAPS, ({ namespace }) => namespace)].map(([namespace, maps]) => [
    namespace,
    maps.map(({ name }) => name).sort(),
  ]),
);

test('the Roles of kustomize name exactly the ConfigMaps of the inputs', () => {
  const roles = globSync(['base/rbac.yaml', 'components/*/rbac.yaml'], { cwd: MANIFESTS })
    .flatMap((path) => parseAllDocuments(readFileSync(join(MANIFESTS, path), 'utf8')))
    .map((document) => document.toJS() as Role)
    .filter(({ kind, metadata }) => kind === 'Role' && metadata.name === 'kubelet-guard');
  const named = roles.flatMap(({ metadata, rules }) =>
    rules
      .filter(({ resources }) => resources?.includes('configmaps'))
      .map(({ resourceNames = [] }) => [metadata.namespace, [...resourceNames].sort()]),
  );
  expect(Object.fromEntries(named)).toEqual(WATCHED);
});

test('the Roles of the chart name exactly the ConfigMaps of the inputs', () => {
  const text = readFileSync(join(MANIFESTS, 'chart/kubelet-guard/templates/rbac.yaml'), 'utf8');
  const dictionary = /\$configMaps := dict (.*) -?\}\}/.exec(text)?.[1] ?? '';
  const named = [...dictionary.matchAll(/"([^"]+)" \(list ([^)]*)\)/g)].map(([, namespace = '', names = '']) => [
    namespace,
    [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name).sort(),
  ]);
  expect(Object.fromEntries(named)).toEqual(WATCHED);
});
