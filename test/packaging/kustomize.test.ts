// What old versions of kubectl can build of the kustomize components.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';

import { CHECKOUT } from '../support/dockerfile.ts';

interface Kustomization {
  readonly patches?: readonly { readonly path?: string; readonly patch?: string }[];
}

test('each patch is of one object: the kustomize in kubectl before 1.31 refuses files with more', () => {
  const patches = globSync('manifests/**/kustomization.yaml', { cwd: CHECKOUT }).flatMap((file) => {
    const { patches: listed = [] } = parse(readFileSync(join(CHECKOUT, file), 'utf8')) as Kustomization;
    return listed.map(({ path, patch = '' }) => {
      const place = path === undefined ? file : join(dirname(file), path);
      return { place, text: path === undefined ? patch : readFileSync(join(CHECKOUT, place), 'utf8') };
    });
  });

  expect(patches.filter(({ place }) => existsSync(join(CHECKOUT, place))).length).toBeGreaterThan(5);
  expect(patches.filter(({ text }) => parseAllDocuments(text).length !== 1).map(({ place }) => place)).toEqual([]);
});
