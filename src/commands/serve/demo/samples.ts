// The sample cluster of the demo: a folder of files.

import { randomUUID } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { controls } from '../../../controls/index.ts';
import { readPaths } from '../../../evidence/files/read-paths.ts';
import { inspect } from '../../../inspect.ts';
import type { GuardReport, Run } from '../../../outputs/guard-report.ts';
import { reportRun } from '../../../outputs/report.ts';
import { exemptionsAt } from '../../../outputs/run.ts';
import type { Finding } from '../../../policy/finding.ts';
import type { SourceProblem } from '../../../policy/reading.ts';
import { admissionControls, type GuardConfiguration } from '../../../runtime/configuration/configuration.ts';
import { CHECK } from '../../allowances.ts';
import { runOrigin } from '../../run-origin.ts';

/** What a check of the samples needs. */
export interface SampleRun {
  readonly configuration: GuardConfiguration;
  readonly now: () => Date;
  /** The version of the program. */
  readonly version: string;
}

/** Checks the files of a folder. */
export async function checkSamples(folder: string, { configuration, now, version }: SampleRun): Promise<GuardReport> {
  const startedAt = now().toISOString();
  const findings: Finding[] = [];
  const problems: SourceProblem[] = [];
  const enabled = admissionControls(controls, configuration);
  for await (const document of readPaths([folder], noInput)) {
    if ('problem' in document) {
      problems.push(document);
      continue;
    }
    const inspection = inspect(enabled, [document], CHECK);
    findings.push(...inspection.findings);
    problems.push(...inspection.problems);
  }
  const run: Run = {
    ...{ id: randomUUID(), entrance: 'serve', startedAt, finishedAt: now().toISOString() },
    ...runOrigin(version, configuration),
  };
  const { exemptions } = configuration.policy;
  return reportRun(run, { findings, problems }, exemptionsAt(exemptions, startedAt), exemptions);
}

async function* noInput(): AsyncGenerator<Uint8Array> {
  // the samples are files
}

/**
 * The state of the files of a folder in one text: their names, sizes, and when they were changed. It is polled, because a watch
 * of the operating system misses changes in mounts of containers and on network file systems.
 */
export function stateOf(folder: string): string {
  try {
    return JSON.stringify(
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => fileState(join(folder, name))),
    );
  } catch (cause) {
    return reasonOf(cause);
  }
}

function fileState(path: string): unknown[] {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return [path, mtimeMs, size, ino];
  } catch (cause) {
    return [path, reasonOf(cause)];
  }
}

function reasonOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? 'no reason given';
}
