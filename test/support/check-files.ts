// Checks files as the command `check` does, and shows each finding in one line.

import { check } from '../../src/commands/check/check.ts';
import { controls } from '../../src/controls/index.ts';
import { inspect } from '../../src/inspect.ts';
import type { RawDocument } from '../../src/policy/document.ts';
import type { GuardReport } from '../../src/outputs/guard-report.ts';
import { AMPLE } from './budget.ts';
import { rendered } from './rendered.ts';

/** The findings of files about the link, as `CONTROL RESULT CODE SETTING PLACE`, and the problems of the run. */
export async function checkFiles(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { findings, run } = await reportOf(files);
  const lines = findings.flatMap(({ control, result, source, violations }) => {
    const own = 'path' in source ? source.path : '';
    const found = violations.map(({ code, setting, file = own, line }) => `${code} ${setting} ${file}:${String(line)}`);
    const what = found.length === 0 ? [result, own] : [result, ...found];
    return [`${control} ${what.join(' ')}`];
  });
  return [...lines, ...run.problems.map(({ code, source }) => `${code} ${'path' in source ? source.path : ''}`)];
}

/** The report of `check` about files. */
export async function reportOf(files: Readonly<Record<string, string>>): Promise<GuardReport> {
  const answer = await check(
    { failOn: 'unknown' },
    {
      documents: documentsOf(files),
      inspect: (document) => inspect(controls, [document], AMPLE),
      runId: 'run-1',
      now: () => new Date(0),
    },
  );
  return JSON.parse(rendered(answer).output) as GuardReport;
}

async function* documentsOf(files: Readonly<Record<string, string>>): AsyncGenerator<RawDocument> {
  for (const [path, text] of Object.entries(files)) yield await Promise.resolve({ form: 'text', path, text } as const);
}
