import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';

import {
  checkOutputs,
  deliverReport,
  outputOption,
  type DeliveryOptions,
  type OutputRequest,
} from '../../src/commands/deliver.ts';
import type { Terminal } from '../../src/commands/terminal.ts';
import { controls } from '../../src/controls/index.ts';
import { reportRun } from '../../src/outputs/report.ts';
import { kubeletFinding, outcomes } from '../support/findings.ts';

const RUN = { id: 'run', entrance: 'check', startedAt: '2026-11-23T12:00:00Z', finishedAt: '2026-11-23T12:00:01Z' };
const report = reportRun(
  { ...RUN, entrance: 'check' },
  { findings: [kubeletFinding({ outcome: outcomes.fail })], problems: [] },
);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-outputs-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function requests(...args: string[]): readonly OutputRequest[] {
  const command = new Command()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addOption(outputOption());
  return command.parse(args, { from: 'user' }).opts<{ output: readonly OutputRequest[] }>().output;
}

function delivered(options: Pick<DeliveryOptions, 'output' | 'outputFile'>): string {
  let printed = '';
  const terminal = { print: (text: string) => (printed += text), isTerminal: () => true, env: {} };
  deliverReport({ report }, { color: 'auto', ...options }, { terminal: terminal as unknown as Terminal, controls });
  return printed;
}

describe('--output', () => {
  test('is text unless it is given, then what is given, in order', () => {
    expect(requests()).toStrictEqual([{ format: 'text' }]);
    expect(requests('-o', 'json')).toStrictEqual([{ format: 'json' }]);
    expect(requests('-o', 'text', '--output=json=a=b.json')).toStrictEqual([
      { format: 'text' },
      { format: 'json', file: 'a=b.json' },
    ]);
  });

  test.each([['yaml'], ['json='], [''], ['=file']])('%j is wrong use', (text) => {
    expect(() => requests('-o', text)).toThrow(/argument '.*' is invalid/);
  });

  test('formats that share a place are wrong use', () => {
    const check =
      (...args: string[]) =>
      () => {
        checkOutputs({ output: requests(...args) });
      };
    expect(check('-o', 'json', '-o', 'text')).toThrow(/two formats of --output go to standard output/);
    expect(check('-o', 'json=a', '-o', 'text=a')).toThrow(/two formats of --output go to a;/);
    expect(check('-o', 'json=a', '-o', 'text')).not.toThrow();
  });

  test('each format goes to its own place, with colors only on the terminal', () => {
    const file = join(folder, 'report.txt');
    const printed = delivered({ output: [{ format: 'text', file }, { format: 'text' }] });
    expect(printed).toContain('\u001b[31mFAIL');
    expect(readFileSync(file, 'utf8')).toMatch(/^FAIL /);
  });

  test('--output-file takes the format that has no file', () => {
    const outputFile = join(folder, 'report.json');
    expect(delivered({ output: [{ format: 'json' }], outputFile })).toBe('');
    expect(JSON.parse(readFileSync(outputFile, 'utf8'))).toMatchObject({ kind: 'GuardReport' });
  });

  test('a file that cannot be written is wrong use', () => {
    const file = join(folder, 'none/report.json');
    expect(() => delivered({ output: [{ format: 'json', file }] })).toThrow(
      /cannot be written: ENOENT.*choose another/,
    );
  });
});
