// The webhook with certificates that are renewed within seconds instead of months.
// Arguments: the times as JSON, then the flags of `serve`, each as --name=value, and --clock-file, a file with the
// milliseconds by which its clock is ahead.

import { readFileSync } from 'node:fs';

import type { RotationOptions } from '../../src/runtime/certificates/secret.ts';
import { serve } from '../../src/commands/serve/serve.ts';

const [, , rotation = '{}', ...flags] = process.argv;
const options = Object.fromEntries(
  flags.map((flag) => {
    const [name = '', value = ''] = flag.replace(/^--/, '').split('=');
    return [name.replace(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase()), value];
  }),
);
const { clockFile } = options;
const ahead = (): number => (clockFile === undefined ? 0 : Number(readFileSync(clockFile, 'utf8')));
process.exitCode = await serve(options, {
  stdout: process.stdout,
  onSignal: (handler) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, handler);
  },
  onSweepSignal: () => undefined,
  now: () => new Date(Date.now() + ahead()),
  version: 'e2e',
  root: '.',
  linger: 0,
  rotation: JSON.parse(rotation) as RotationOptions,
});
