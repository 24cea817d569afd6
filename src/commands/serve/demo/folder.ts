// The folder of the demo's samples: that of the package, or one that a single executable writes.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { embeddedFile, embeddedFiles } from '../../../runtime/executable.ts';
import { StartError } from '../../../runtime/start-error.ts';

const WRITTEN = 'kubelet-guard-samples';

/**
 * Finds the samples.
 *
 * A single executable writes its samples into the current folder, except for those that are there already.
 *
 * @param root the folder of the package
 * @returns a relative path, which is shorter to read and to copy
 * @throws StartError if the samples cannot be written
 */
export function samplesFolder(root: string): string {
  const files = embeddedFiles('samples');
  if (files.length === 0) return relative('', join(root, 'samples'));
  try {
    for (const file of files) writeSample(file, join(WRITTEN, relative('samples', file)));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'no reason given';
    const fault = `cannot write the samples: ${reason}; run --demo in a folder that you can write`;
    throw new StartError('samples', fault, { cause });
  }
  return WRITTEN;
}

function writeSample(file: string, target: string): void {
  if (existsSync(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, embeddedFile(file) ?? '');
}
