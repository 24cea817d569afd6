// npm run soak -- PART... [--count N] [--minutes N] [--seed N]
//
// Runs the long form of some tests (CONTRIBUTING.md). A part ends after this many runs or minutes.
// Exit code 1 if a fault was found.

import { parseArgs } from 'node:util';

import { Cleanup } from '../e2e/support/cleanup.ts';
import { isExecutable } from '../e2e/support/programs.ts';
import { Oracle } from '../support/oracle.ts';
import { soakAudits, soakHosts } from './hosts.ts';
import { soakReviews, type Bounds } from './reviews.ts';
import { soakOutage, soakScripts } from './scripts.ts';

type Part = (cleanup: Cleanup, bounds: Bounds) => Promise<boolean>;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Each part, with its default for `--count`. */
const PARTS: Readonly<Record<string, { readonly count: number; readonly run: Part }>> = {
  reviews: { count: 1_000_000, run: reviews },
  hosts: { count: 20_000, run: (_cleanup, bounds) => soakHosts(bounds, say) },
  audits: { count: 200_000, run: (_cleanup, bounds) => soakAudits(bounds, say) },
  outage: { count: 600, run: (_cleanup, bounds) => soakOutage(bounds, say) },
  scripts: { count: 100_000, run: (_cleanup, bounds) => soakScripts(bounds, say) },
};

// the exit handlers end the programs of the parts; a signal alone would not run them
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string' }, minutes: { type: 'string' }, seed: { type: 'string' } },
});
const unknown = positionals.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  say(`there is no part ${unknown.join(', ')}: name ${Object.keys(PARTS).join(', ')}, or none for all of them`);
  process.exit(2);
}
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
const milliseconds = Number(values.minutes ?? 60) * 60_000;
let isClean = true;
for (const name of positionals.length > 0 ? positionals : Object.keys(PARTS)) {
  const part = PARTS[name];
  if (part === undefined) continue;
  const cleanup = new Cleanup();
  say(`${name}: seed ${seed}`);
  try {
    isClean = (await part.run(cleanup, { count: Number(values.count ?? part.count), milliseconds, seed })) && isClean;
  } finally {
    await cleanup.run();
  }
}
process.exit(isClean ? 0 : 1);

async function reviews(cleanup: Cleanup, bounds: Bounds): Promise<boolean> {
  const program = `${process.env.KUBEBUILDER_ASSETS ?? ''}/oracle`;
  const oracle = isExecutable(program) ? new Oracle(program) : undefined;
  if (oracle === undefined) say('reviews: no oracle in KUBEBUILDER_ASSETS: what is admitted is not checked');
  else cleanup.add(() => oracle.close());
  const { folder, ...outcome } = await soakReviews(cleanup, bounds, oracle, say);
  say(`reviews: ${JSON.stringify(outcome, undefined, 2)}`);
  if (Object.keys(outcome.faults).length > 0) say(`reviews: the bodies are in ${folder}`);
  return Object.keys(outcome.faults).length === 0;
}
