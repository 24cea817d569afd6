// docs/how-to/mixed-repository.md: `check` in a repository with many files that are no manifests.

import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, jest, test } from '@jest/globals';

import { startDocSession, type DocSession } from '../../support/doc-session.ts';
import { CHECKOUT } from '../../support/dockerfile.ts';
import { describeWith } from '../support/assets.ts';
import { productCommand } from '../support/product.ts';

jest.setTimeout(60_000);

const NODE_PACKAGE = '{ "name": "package" }\n';
const KUBELET_TEMPLATE = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  x509:
    {{- with .Values.clientCAFile }}
    clientCAFile: {{ . }}
    {{- end }}
`;

/** The files besides those of the clusters: how many, where, and their text. */
const FILES: readonly (readonly [count: number, path: (index: number) => string, text: (index: number) => string])[] = [
  [39, (at) => `charts/app-${String(at)}/templates/deployment.yaml`, template],
  [1, () => 'charts/kubelet-settings/templates/kubelet.yaml', () => KUBELET_TEMPLATE],
  [
    10,
    (at) => `web/app-${String(at)}/tsconfig.json`,
    () => '{\n  // strict\n  "compilerOptions": { "strict": true },\n}\n',
  ],
  [100, (at) => `web/node_modules/package-${String(at)}/package.json`, () => NODE_PACKAGE],
  [80, (at) => `src/module-${String(at)}.ts`, (at) => `export const value = ${String(at)};\n`],
  [50, (at) => `apps/app-${String(at)}/deployment.yaml`, deployment],
  [35, (at) => `docs/page-${String(at)}.md`, (at) => `# Page ${String(at)}\n\nHow the kubelet is configured.\n`],
  [1, () => 'broken/values.yaml', () => 'a: [1, 2\nb: }\n'],
  [1, () => 'broken/tabs.yaml', () => 'a:\n\tb: 1\n'],
  [1, () => 'broken/quotes.json', () => '{ "a": "b }\n'],
  [
    1,
    () => 'broken/kubelet.yaml',
    () => 'kind: KubeletConfiguration\nauthentication: { x509: { clientCAFile: /ca.crt }\n',
  ],
];

function template(at: number): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "app-${String(at)}.name" . }}
  {{- with .Values.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
`;
}

function deployment(at: number): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: app-${String(at)} }
spec:
  selector: { matchLabels: { app: app-${String(at)} } }
  template:
    metadata: { labels: { app: app-${String(at)} } }
    spec: { containers: [{ name: main, image: "registry.example/app:${String(at)}" }] }
`;
}

describeWith({ assets: [], tools: ['find', 'sed', 'tail'] }, 'a repository with other files in it', () => {
  let session: DocSession;

  beforeAll(() => {
    session = startDocSession({ programs: { 'kubelet-guard': productCommand() }, holds: [] });
    for (const [count, path, text] of FILES) {
      for (let at = 1; at <= count; at += 1) {
        const file = join(session.folder, path(at));
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, text(at));
      }
    }
    cpSync(join(CHECKOUT, 'samples/cluster'), join(session.folder, 'clusters/production'), { recursive: true });
  });
  afterAll(() => {
    session.end();
  });

  test('is checked as the page shows', async () => {
    await session.run('repository-check');
    await session.run('repository-exclude');
    await session.run('repository-baseline');
    await session.run('repository-worse');
  });
});
