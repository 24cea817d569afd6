import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { buildContext, CHECKOUT, execForm, readCopy, readDockerfile, textsOf } from '../support/dockerfile.ts';

const stages = readDockerfile();
const [build, base, image] = stages;
const ofNode = stages.slice(0, -1);
if (build === undefined || base === undefined || image === undefined) throw new Error('a stage is missing');
const manifest = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
};

test('every stage but the last uses the Node version of the tests, because V8 ignores code cached by another version', () => {
  const { node } = manifest.devDependencies;
  expect(ofNode.map(({ from }) => from)).toEqual(ofNode.map(() => `node:${String(node)}-bookworm-slim`));
  expect(process.versions.node).toBe(node);
  expect(readFileSync(join(CHECKOUT, '.nvmrc'), 'utf8')).toBe(`${String(node)}\n`);
});

test('these stages can be pinned to one digest of that image, as a release does', () => {
  const froms = readFileSync(join(CHECKOUT, 'Dockerfile'), 'utf8').match(/^FROM \S+/gm);
  expect(froms).toEqual([...ofNode.map(() => 'FROM node:${NODE_VERSION}-bookworm-slim${NODE_DIGEST}'), 'FROM scratch']);
  const release = readFileSync(join(CHECKOUT, '.github/workflows/release.yml'), 'utf8');
  expect(release).toContain(`# the digest is of node:${String(manifest.devDependencies.node)}-bookworm-slim\n`);
});

test("it is built with the image's Node, and packages run no install scripts", () => {
  expect(textsOf(build, 'RUN')).toEqual([expect.stringMatching(/^npm ci --ignore-scripts /), 'node scripts/build.mjs']);
});

test('the final stage starts from scratch, runs nothing, and copies only the listed files', () => {
  expect([image.from, textsOf(image, 'RUN')]).toEqual(['scratch', []]);
  expect(textsOf(image, 'COPY').map(readCopy)).toEqual([
    { from: 'base', sources: ['/base/root'], target: '/' },
    { from: undefined, sources: ['scripts/kubelet-guard'], target: '/usr/local/bin/' },
    { from: undefined, sources: ['LICENSE', 'package.json'], target: './' },
    { from: undefined, sources: ['samples'], target: './samples' },
    { from: 'build', sources: ['/build/dist'], target: './dist' },
  ]);
});

test('it runs as a numeric user that is not root', () => {
  expect(textsOf(image, 'USER')).toEqual(['65532:65532']);
});

test('its labels have the title, the license and the version', () => {
  const labels = textsOf(image, 'LABEL').join(' ');
  for (const name of ['title', 'description', 'licenses', 'version', 'revision']) {
    expect(labels).toContain(`org.opencontainers.image.${name}="`);
  }
  expect(labels).toContain(`org.opencontainers.image.version="${manifest.version}"`);
});

test('the program and the health check start without a shell', () => {
  expect(textsOf(image, 'ENTRYPOINT').map(execForm)).toEqual([['node', '/app/dist/main.js']]);
  const [check = ''] = textsOf(image, 'HEALTHCHECK');
  expect(execForm(check.replace(/^.* CMD /, ''))).toEqual(['node', '--eval', expect.stringContaining('/livez')]);
});

test('the build context has exactly the files that are copied from it', () => {
  const copied = stages
    .flatMap((stage) => textsOf(stage, 'COPY').map(readCopy))
    .flatMap(({ from, sources }) => (from === undefined ? sources : []));
  expect([...new Set(copied)].sort()).toEqual([...buildContext()].sort());
  expect(copied.filter((path) => !existsSync(join(CHECKOUT, path)))).toEqual([]);
});
