import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, describe, expect, test } from '@jest/globals';

import { runCli } from '../support/run-cli.ts';

const MAIN = 'src/main.ts';
let undo: (() => void)[] = [];

afterEach(() => {
  for (const one of undo) one();
  undo = [];
});

/** An API server with many nodes whose kubelets cannot be reached; or one that never answers. */
async function clusterWith(nodes: number | 'no answer'): Promise<{ readonly path: string; readonly server: Server }> {
  const items = Array.from({ length: nodes === 'no answer' ? 0 : nodes }, (_none, index) => ({
    metadata: { name: `node-${index}`, uid: `uid-${index}` },
    status: {},
  }));
  const server = createServer(({ url = '' }, response) => {
    if (nodes === 'no answer') return;
    const version = { major: '1', minor: '37', gitVersion: 'v1.37.2' };
    const list = {
      kind: 'List',
      metadata: { resourceVersion: '1' },
      items: url.startsWith('/api/v1/nodes') ? items : [],
    };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(url === '/version' ? version : list));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-stop-'));
  undo.push(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const cluster = { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  const config = {
    clusters: [{ name: 'x', cluster }],
    contexts: [{ name: 'x', context: { cluster: 'x', user: '' } }],
    'current-context': 'x',
  };
  const path = join(folder, 'kubeconfig');
  writeFileSync(path, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }));
  return { path, server };
}

async function runToEnd(command: readonly string[], onStarted: (kill: (signal: NodeJS.Signals) => void) => void) {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  onStarted((signal) => child.kill(signal));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

describe.each([
  ['sweep', 'SIGINT', 130],
  ['sweep', 'SIGTERM', 143],
  ['doctor', 'SIGINT', 130],
  ['uninstall', 'SIGTERM', 143],
] as const)('%s stopped by %s', (command, signal, code) => {
  test('prints one line about it, and exits with the code of the signal', async () => {
    const { path, server } = await clusterWith('no answer');
    const result = await runCli([command, '--kubeconfig', path], {
      onStart: (send) => {
        server.once('request', () => {
          send(signal);
        });
      },
    });
    expect(result).toEqual({ status: code, stdout: '', stderr: expect.stringMatching(stopped(signal)) });
  });
});

function stopped(signal: string): RegExp {
  return new RegExp(`^kubelet-guard: the kubeconfig: .*\nkubelet-guard: stopped by ${signal}: .*\n$`);
}

test('a signal stops a command in a separate process', async () => {
  const { path, server } = await clusterWith('no answer');
  const result = await runToEnd([process.execPath, MAIN, 'sweep', '--kubeconfig', path], (kill) => {
    server.once('request', () => {
      kill('SIGINT');
    });
  });
  expect(result).toEqual({ code: 130, output: expect.stringMatching(stopped('SIGINT')) });
});

const script = ['/usr/bin/script', '/bin/script'].find(existsSync);
(script === undefined ? test.skip : test)(
  'a progress bar for many nodes prints no warning on the terminal',
  async () => {
    const { path } = await clusterWith(40);
    const sweep = [process.execPath, MAIN, 'sweep', '--kubeconfig', path, '--evidence', 'handshake'].join(' ');
    const { output } = await runToEnd([script ?? '', '-qec', sweep, '/dev/null'], () => undefined);
    expect(output).toContain('40 of 40 nodes');
    expect(output).not.toContain('Warning');
  },
);
