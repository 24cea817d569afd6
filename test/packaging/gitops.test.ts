// The manifests of docs/gitops.md name what exists, and its kustomization.yaml works with a git repository as its base.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, jest, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';

import { kubectlPath } from '../e2e/support/assets.ts';
import { findProgram } from '../e2e/support/programs.ts';
import { blocksOf, fileOf } from '../support/doc-blocks.ts';
import { CHECKOUT } from '../support/dockerfile.ts';
import { missingTools, renderChart, renderOverlay, type Manifest } from '../support/manifests.ts';

jest.setTimeout(60_000);

const PAGE = 'docs/gitops.md';
const REPOSITORY = 'https://github.com/OWNER/kubelet-guard';

const files = new Map(
  blocksOf(PAGE).flatMap((block) => (fileOf(block) === undefined ? [] : [[fileOf(block), block.text]])),
);
const textOf = (file: string): string => files.get(file) ?? '';
const objectsOf = (file: string) => parseAllDocuments(textOf(file)).map((each) => each.toJS() as Manifest);
const spec = (file: string, kind: string) =>
  objectsOf(file).find((each) => each.kind === kind)?.spec as Record<string, unknown> & { readonly path?: string };

test('has the manifests of Argo CD and of Flux, each as a file', () => {
  expect([...files.keys()]).toEqual([
    'kubelet-guard/kustomization.yaml',
    'argocd/kustomize.yaml',
    'argocd/helm.yaml',
    'flux/kustomize.yaml',
    'flux/helm.yaml',
  ]);
  const kinds = [...files.keys()].slice(1).map((file) => objectsOf(file ?? '').map(({ kind }) => kind));
  expect(kinds).toEqual([
    ['Application'],
    ['Application'],
    ['GitRepository', 'Kustomization'],
    ['OCIRepository', 'HelmRelease'],
  ]);
});

test('they name folders that exist, and sources that are in the same file', () => {
  const { path = '', sourceRef } = spec('flux/kustomize.yaml', 'Kustomization');
  expect(existsSync(join(CHECKOUT, path, 'kustomization.yaml'))).toBe(true);
  const { path: own = '' } = spec('argocd/kustomize.yaml', 'Application').source as { path?: string };
  expect(files.has(`${own}/kustomization.yaml`)).toBe(true);
  const references = [
    ['flux/kustomize.yaml', sourceRef],
    ['flux/helm.yaml', spec('flux/helm.yaml', 'HelmRelease').chartRef],
  ] as const;
  for (const [file, reference] of references) {
    const { kind, metadata } = objectsOf(file)[0] ?? {};
    expect(reference).toEqual({ kind, name: metadata?.name });
  }
});

const helm = missingTools('helm');
const describeChart = helm === undefined ? describe : describe.skip;

describeChart(`the chart${helm === undefined ? '' : ` (skipped: ${helm})`}`, () => {
  const argo = (spec('argocd/helm.yaml', 'Application').source as { helm: { valuesObject: object } }).helm.valuesObject;

  test.each([
    ['Argo CD', argo],
    ['Flux', spec('flux/helm.yaml', 'HelmRelease').values as object],
  ])('accepts the values for %s', (_, values) => {
    const images = renderChart({ values }).flatMap(
      ({ spec }) => JSON.stringify(spec ?? {}).match(/"image":"[^"]*"/g) ?? [],
    );
    expect(new Set(images)).toEqual(new Set(['"image":"registry.example/kubelet-guard:0.1.0"']));
  });
});

const git = findProgram('git');
const missing = missingTools('kubectl') ?? (git === undefined ? 'there is no git on the PATH' : undefined);
const describeKustomize = missing === undefined ? describe : describe.skip;

describeKustomize(`the kustomization.yaml${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  test('builds the overlay of a tag in a git repository, with the image and the patches of the page', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-gitops-'));
    try {
      const repository = join(folder, 'kubelet-guard');
      cpSync(join(CHECKOUT, 'manifests'), join(repository, 'manifests'), { recursive: true });
      const as = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
      for (const args of [
        ['init', '-q'],
        ['add', '.'],
        [...as, 'commit', '-qm', 'test'],
        ['tag', 'v0.1.0'],
      ]) {
        execFileSync('git', args, { cwd: repository });
      }
      mkdirSync(join(folder, 'own'));
      const text = textOf('kubelet-guard/kustomization.yaml').replaceAll(REPOSITORY, `file://${repository}`);
      writeFileSync(join(folder, 'own/kustomization.yaml'), text);
      const output = execFileSync(kubectlPath ?? 'kubectl', ['kustomize', join(folder, 'own')], { encoding: 'utf8' });
      const objects = parseAllDocuments(output).map((each) => each.toJS() as Manifest);

      const names = (list: readonly Manifest[]) => list.map(({ kind, metadata: { name } }) => `${kind} ${name}`).sort();
      expect(names(objects)).toEqual(names(renderOverlay('audit')));
      const { images } = parse(text) as { images: readonly { newName: string; digest: string }[] };
      const [{ newName, digest } = { newName: '', digest: '' }] = images;
      expect(new Set(output.match(/image: .*/g))).toEqual(new Set([`image: ${newName}@${digest}`]));
      const webhook = objects.find(({ kind }) => kind === 'ValidatingWebhookConfiguration');
      expect(webhook?.metadata.annotations).toEqual({ 'argocd.argoproj.io/sync-wave': '1' });
      const deployment = objects.find(
        ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'kubelet-guard',
      );
      expect(deployment?.spec).toMatchObject({ replicas: 3 });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
