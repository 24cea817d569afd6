// Generated kubeconfigs: compares what `kubectl config view --minify --raw` shows with what kubelet-guard reads.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { afterAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';

import { accessOf, type Access } from '../../src/kube/kubeconfig/access.ts';
import { readDocument } from '../../src/kube/kubeconfig/document.ts';
import { kubectlPath } from '../e2e/support/assets.ts';
import { seeded } from '../support/seed.ts';

jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-kubeconfigs-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const describeWithKubectl = kubectlPath === undefined ? describe.skip : describe;

interface View {
  readonly clusters: readonly [{ readonly cluster: Record<string, unknown> }];
  readonly users: readonly [{ readonly user: Record<string, unknown> }] | null;
  readonly contexts: readonly [{ readonly context: { readonly namespace?: string } }];
}

/** How kubectl reads files; undefined if it rejects them. */
async function viewOf(files: readonly string[], context?: string): Promise<View | undefined> {
  const paths = files.map((text, index) => {
    const path = join(folder, `config-${index}`);
    writeFileSync(path, text);
    return path;
  });
  const args = ['config', 'view', '--minify', '--raw', '-o', 'json'];
  const child = spawn(kubectlPath ?? 'kubectl', [...args, ...(context === undefined ? [] : ['--context', context])], {
    env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: paths.join(delimiter) },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const code = await new Promise((resolve) => child.once('close', resolve));
  return code === 0 ? (JSON.parse(text) as View) : undefined;
}

function ours(files: readonly string[], context?: string): Access | undefined {
  try {
    return accessOf(
      files.map((text) => readDocument(text, '/F')),
      context,
    );
  } catch {
    return undefined;
  }
}

const name = fc.constantFrom('a', 'b', 'c', 'No', '0', 'ü');
const path = fc.constantFrom('', 'x', './y/z', '/abs/w', '../v');
const text = fc.constantFrom('', 'plain', 'null', '12', 'a b', '"q"', 'ü', 'on');
const base64 = fc.constantFrom('', 'YQ==', 'YWI=');
const sometimes = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });

const cluster = fc.record(
  {
    server: fc.constantFrom('https://a:1', 'https://b/path', 'http://c'),
    'tls-server-name': sometimes(text),
    'insecure-skip-tls-verify': fc.constant(false),
    'certificate-authority': sometimes(path),
    'proxy-url': sometimes(fc.constantFrom('', 'http://p', 'socks5://p:1')),
    'disable-compression': fc.boolean(),
    unknown: fc.constant({ a: 1 }),
  },
  { requiredKeys: ['server'] },
);
const user = fc.record(
  {
    'client-certificate': fc.constant('c'),
    'client-key-data': base64.filter((data) => data !== ''),
    token: text,
    tokenFile: path,
    as: fc.constantFrom('zoë', 'x'),
    'as-groups': fc.array(text, { maxLength: 2 }),
    'as-user-extra': fc.dictionary(fc.constantFrom('k', 'Example.org/x'), fc.array(text, { maxLength: 2 })),
    exec: fc.record({
      command: fc.constantFrom('plug', './plug', 'bin/plug', '/bin/plug'),
      args: fc.array(text, { maxLength: 2 }),
      apiVersion: fc.constantFrom('client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'),
      interactiveMode: fc.constantFrom('Never', 'IfAvailable', 'Always'),
      provideClusterInfo: fc.boolean(),
    }),
  },
  { requiredKeys: ['client-certificate', 'client-key-data', 'as'] },
);
const context = fc.record({ cluster: name, user: name, namespace: sometimes(fc.constantFrom('', 'ns')) });
const named = (key: string, value: fc.Arbitrary<object>) =>
  fc.uniqueArray(fc.record({ name, [key]: value }), { selector: (entry) => entry.name, maxLength: 4 });
const file = fc.record({
  'current-context': sometimes(name),
  clusters: named('cluster', cluster),
  users: named('user', user),
  contexts: named('context', context),
});

const given = (value: unknown): string => (typeof value === 'string' ? value : '');
const placed = (value: unknown): string => {
  const text = given(value);
  return text === '' || text.startsWith('/') ? text : join('/F', text);
};

describeWithKubectl('generated kubeconfigs', () => {
  test('select the same entries as kubectl', async () => {
    let compared = 0;
    const files = fc.array(file, { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(files, sometimes(name), async (objects, asked) => {
        const texts = objects.map((object) => JSON.stringify(object));
        const [view, access] = [await viewOf(texts, asked), ours(texts, asked)];
        // kubectl config view requires the user of a context to exist; kubectl calls work without one
        if (view === undefined) {
          expect(access?.user.certificate).toBeUndefined();
          return;
        }
        compared += 1;
        const [{ cluster: theirs }] = view.clusters;
        const who = view.users?.[0].user ?? {};
        const exec = who.exec as Record<string, unknown> | undefined;
        const command = given(exec?.command);
        expect({ ...access?.cluster, namespace: access?.namespace ?? '' }).toMatchObject({
          server: theirs.server === 'http://c' ? 'http://c' : theirs.server,
          serverName: theirs['tls-server-name'],
          skipVerify: false,
          ca:
            theirs['certificate-authority'] === undefined
              ? undefined
              : { file: placed(theirs['certificate-authority']) },
          proxyUrl: theirs['proxy-url'],
          namespace: given(view.contexts[0].context.namespace),
        });
        expect(access?.user).toMatchObject({
          certificate: { certificate: { file: '/F/c' } },
          token: given(who.token),
          tokenFile: placed(who.tokenFile),
          impersonate: { user: who.as, groups: who['as-groups'] ?? [], extra: who['as-user-extra'] ?? {} },
          ...(exec !== undefined && {
            exec: {
              command: command.includes('/') ? placed(command) : command,
              args: exec.args ?? [],
              interactiveMode: exec.interactiveMode,
            },
          }),
        });
      }),
      { numRuns: 120, ...seeded },
    );
    expect(compared).toBeGreaterThan(15);
  });

  test.each([
    ...[
      'y',
      'Y',
      'yes',
      'no',
      'on',
      'OFF',
      'true',
      'True',
      'TRUE',
      'tRUE',
      'null',
      '~',
      'NULL',
      '""',
      "''",
      '!!str 12',
    ],
    ...[
      '1',
      '0',
      '-1',
      '+1',
      '1.5',
      '.5',
      '1e3',
      '1_000',
      '0x1f',
      '0o17',
      '017',
      '08',
      '0b11',
      '.inf',
      '.NaN',
      '12:30',
    ],
    ...['1:2:3', '2001-01-01', '2001-01-01T00:00:00Z', '2001-12-14 21:59:43.10 -5', '=', '<<', 'a: b', '[a]', '{a: b}'],
    ...[
      '|\\n  line',
      '>-\\n  a\\n  b',
      '&x a',
      '*x',
      '@a',
      '`a',
      '%a',
      '!a b',
      '!!binary YQ==',
      'a #b',
      '-',
      '- a',
      '1 2',
    ],
  ])('with token: %s have the same token, or are rejected', async (scalar) => {
    const entries =
      "clusters: [{name: a, cluster: {server: 'https://a'}}]\ncontexts: [{name: a, context: {cluster: a, user: a}}]";
    const text = `current-context: a\n${entries}\nusers:\n- name: a\n  user:\n    token: ${scalar.replaceAll('\\n', '\n    ')}\n`;
    const view = await viewOf([text]);
    const expected = view === undefined ? undefined : given(view.users?.[0].user.token);
    expect(ours([text])?.user.token).toBe(expected);
  });
});
