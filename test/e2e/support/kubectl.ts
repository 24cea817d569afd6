import { join } from 'node:path';
import { kubectlPath } from './assets.ts';
import type { ControlPlane } from './control-plane.ts';
import { run, type Result } from './programs.ts';

/** Runs kubectl as the control plane's administrator; objects go to its standard input. */
export function kubectl(plane: ControlPlane, args: readonly string[], input?: object): Promise<Result> {
  const common = ['--kubeconfig', plane.kubeconfig, '--cache-dir', join(plane.dir, 'kubectl')];
  return run([kubectlPath ?? 'kubectl', ...common, ...args], {
    input: input === undefined ? '' : JSON.stringify(input),
    within: 60_000,
  });
}
