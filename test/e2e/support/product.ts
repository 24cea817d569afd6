import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run, type Result } from './programs.ts';

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

/** The command line of the built kubelet-guard. */
export function productCommand(...args: readonly string[]): readonly string[] {
  if (!existsSync(MAIN)) throw new Error('dist/main.js does not exist: npm run build');
  return [process.execPath, MAIN, ...args];
}

/** Runs a kubelet-guard command to its end, as a person would. */
export function runCli(args: readonly string[], within = 60_000): Promise<Result> {
  return run(productCommand(...args), { within });
}
