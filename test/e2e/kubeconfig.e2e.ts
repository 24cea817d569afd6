// kubectl and kubelet-guard with the same kubeconfig: both authenticate as the same user, or both fail.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startProxy, type TestProxy } from '../support/proxy-server.ts';
import { ROWS, type Material, type Setup } from './kubeconfig-rows.ts';
import { succeeded } from './support/api.ts';
import { describeWith, kubectlPath } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { productCommand } from './support/product.ts';
import { startProgram, type Result } from './support/programs.ts';
import { addAccount } from './support/rights.ts';

jest.setTimeout(120_000);

const READ = [{ apiGroups: [''], resources: ['configmaps', 'pods', 'nodes'], verbs: ['list', 'get'] }];
const OPTIONS = { assets: ['etcd', 'kube-apiserver'], tools: kubectlPath === undefined ? ['kubectl'] : [] };

describeWith(OPTIONS, 'with the same kubeconfig', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let proxy: TestProxy;
  let guarded: TestProxy;
  let material: Omit<Material, 'folder'>;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    proxy = await startProxy();
    guarded = await startProxy({ user: 'me:se@cret' });
    const account = JSON.parse(readFileSync(await addAccount(plane, 'reader', READ), 'utf8')) as {
      users: [{ user: { token: string } }];
    };
    const client = plane.authority.issue({ name: 'somebody', organization: 'system:masters' });
    material = {
      plane,
      token: account.users[0].user.token,
      client,
      ca: plane.authority.certificate,
      proxy: { port: proxy.port, guarded: guarded.port },
    };
  }, 90_000);
  afterAll(async () => {
    await Promise.all([proxy.stop(), guarded.stop()]);
    await cleanup.run();
  }, 60_000);

  /** Writes the files of a row into a new folder. */
  function prepare(setup: (material: Material) => Setup): Setup & { readonly folder: string } {
    const folder = mkdtempSync(join(plane.dir, 'row-'));
    const made = setup({ ...material, folder });
    for (const [name, content] of Object.entries(made.files)) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o700 });
    }
    return { ...made, folder };
  }

  async function runAndRecord(command: readonly string[], { folder, env = {} }: ReturnType<typeof prepare>) {
    const before = plane.auditLog().length;
    const result = await runIn(command, folder, env);
    return { ...result, users: usersSince(plane.auditLog().slice(before)), runs: runsOf(folder) };
  }

  const askKubectl = (made: ReturnType<typeof prepare>) =>
    runAndRecord(
      [
        ...[kubectlPath ?? 'kubectl', ...(made.args ?? []), '--cache-dir', join(made.folder, 'cache')],
        ...['get', 'configmaps', '--namespace', 'kube-system', '--request-timeout', '30s'],
      ],
      made,
    );
  const askProduct = (made: ReturnType<typeof prepare>) =>
    runAndRecord(productCommand('sweep', ...(made.args ?? []), '--evidence', 'handshake'), made);

  test.each(ROWS)('%s: kubectl and kubelet-guard authenticate as the same user, or both fail', async (name, setup) => {
    const kubectl = await askKubectl(prepare(setup));
    const product = await askProduct(prepare(setup));
    const context = `${name}\nkubectl: ${kubectl.stderr}\nproduct: ${product.stderr}`;
    expect({ context, users: product.users }).toStrictEqual({ context, users: kubectl.users });
    expect({ context, pluginRuns: product.runs.map(withoutFolder) }).toStrictEqual({
      context,
      // kubectl runs the plugin for each call if its token has expired
      pluginRuns: kubectl.runs.slice(0, product.runs.length).map(withoutFolder),
    });
    expect(product.runs.length).toBeLessThanOrEqual(2);
    if (product.users.length > 0) return;
    // one fault is reported once, however many calls fail because of it
    expect({ context, code: product.code }).toMatchObject({ code: expect.any(Number) });
    expect(product.stderr).not.toMatch(/crashed|undefined|spawn/);
  });

  test('some rows authenticate and some fail', () => {
    expect(ROWS.length).toBeGreaterThan(30);
  });

  test('a plugin can prompt on the terminal and gets the answer', async () => {
    const [, setup] = ROWS.find(([name]) => name === 'a plugin that always needs a terminal') ?? [];
    if (setup === undefined) throw new Error('no such row');
    const made = prepare(setup);
    const plug = readFileSync(join(made.folder, 'plug'), 'utf8');
    const ask = 'printf "code? " >&2; read -r code; [ "$code" = 4711 ] || exit 9';
    writeFileSync(join(made.folder, 'plug'), plug.replace('cat <<', `${ask}\ncat <<`));
    const command = productCommand('sweep', '--kubeconfig', 'config', '--evidence', 'handshake').join(' ');
    // a terminal, and a person who types
    const typing = `(sleep 1; echo 4711; sleep 5) | script -qec '${command}' /dev/null`;
    const { users, stdout, runs } = await runAndRecord(['sh', '-c', typing], made);
    expect(stdout).toContain('code? ');
    expect(users).toHaveLength(1);
    expect(runs).toMatchObject([{ spec: { interactive: true } }]);
  });

  test('kubectl proxy is called over plain HTTP, without credentials', async () => {
    const command = [kubectlPath ?? 'kubectl', '--kubeconfig', plane.kubeconfig, 'proxy', '--port', '0'];
    const program = startProgram(cleanup, { name: 'proxy', dir: plane.dir, command });
    const server = await until(() => {
      const [, address] = /Starting to serve on (\S+)/.exec(program.log()) ?? [];
      return address && `http://${address}`;
    });
    const files = { config: kubeconfigFor({ server }, { token: 'wrong' }) };
    const { users } = await askProduct({ ...prepare(() => ({ files })), args: ['--kubeconfig', 'config'] });
    expect(users).toMatchObject([{ user: { username: 'admin' } }]);
  });

  test('the namespace of kubelet-guard can be set', async () => {
    const [, setup] = ROWS.find(([name]) => name === 'a token') ?? [];
    if (setup === undefined) throw new Error('no such row');
    const metadata = { name: 'far' };
    const node = { apiVersion: 'v1', kind: 'Node', metadata };
    succeeded(await plane.admin.create(node));
    const status = { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] };
    succeeded(await plane.admin.send('PUT', '/api/v1/nodes/far/status', { ...node, status }));
    const made = prepare(setup);
    const common = ['sweep', ...(made.args ?? []), '--evidence', 'configz'];
    const flagged = await runIn(productCommand(...common, '--namespace', 'elsewhere'), made.folder, {});
    expect(flagged.stdout).toContain('elsewhere');
    const variable = { KUBELET_GUARD_NAMESPACE: 'over-there' };
    const named = await runIn(productCommand(...common), made.folder, variable);
    expect(named.stdout).toContain('over-there');
  });

  test('connections through a proxy are reused', async () => {
    const [, setup] = ROWS.find(([name]) => name === 'an HTTP proxy') ?? [];
    if (setup === undefined) throw new Error('no such row');
    const made = prepare(setup);
    const before = proxy.asked.length;
    const { stdout } = await runIn(productCommand('doctor', ...(made.args ?? [])), made.folder, {});
    expect(stdout).toContain('rights');
    expect(proxy.asked.length - before).toBeLessThan(15);
  });

  test('a plugin that never exits is killed when kubelet-guard ends', async () => {
    const [, setup] = ROWS.find(([name]) => name === 'a plugin that fails') ?? [];
    if (setup === undefined) throw new Error('no such row');
    const made = prepare(setup);
    writeFileSync(join(made.folder, 'plug'), `#!/bin/sh\necho $$ > ${made.folder}/pid\nexec sleep 100\n`);
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGINT', 130],
    ] as const) {
      const [file = '', ...args] = productCommand('sweep', '--kubeconfig', join(made.folder, 'config'));
      const child = spawn(file, args, { stdio: 'ignore' });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const pid = await until(() => Number(readFileSync(join(made.folder, 'pid'), 'utf8')) || undefined);
      child.kill(signal);
      expect(await Promise.race([ended, setTimeout(20_000, 'hangs')])).toBe(code);
      await until(() => (isAlive(pid) ? undefined : true));
      writeFileSync(join(made.folder, 'pid'), '');
    }
  });
});

function kubeconfigFor(cluster: object, user: object): object {
  return {
    clusters: [{ name: 'e2e', cluster }],
    users: [{ name: 'e2e', user }],
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'e2e' } }],
    'current-context': 'e2e',
  };
}

async function until<T>(look: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 400; tries += 1) {
    try {
      const found = look();
      if (found !== undefined) return found;
    } catch {
      // the file does not exist yet
    }
    await setTimeout(50);
  }
  throw new Error('nothing came');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

interface AuditEvent {
  readonly user: { readonly username: string };
  readonly impersonatedUser?: object;
  readonly responseStatus: { readonly code: number };
}

/** The users that the API server saw: the audit event of each caller's last call, without what differs between calls. */
function usersSince(log: string): unknown[] {
  const users = log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ user, responseStatus }) => responseStatus.code !== 401 && user.username !== 'system:anonymous')
    .map(({ user, impersonatedUser }) => JSON.stringify({ user, impersonatedUser }));
  return [...new Set(users)].map((text) => JSON.parse(text) as unknown);
}

function runsOf(folder: string): unknown[] {
  try {
    // kubectl ends its output with a line break
    const lines = readFileSync(join(folder, 'runs'), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as unknown);
  } catch {
    return [];
  }
}

function withoutFolder(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replace(/row-\w+/g, 'row')) as unknown;
}

/** Runs a program in a folder, without a terminal and with only these variables. */
function runIn(command: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Promise<Result> {
  const [file = '', ...args] = command;
  const base = { PATH: process.env.PATH ?? '', HOME: cwd };
  const child = spawn(file, args, { cwd, env: { ...base, ...env }, timeout: 60_000, killSignal: 'SIGKILL' });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.stdin.on('error', () => undefined).end();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code: code ?? -1, stdout, stderr });
    });
  });
}
