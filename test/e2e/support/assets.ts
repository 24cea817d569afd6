import { describe, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findProgram, isExecutable } from './programs.ts';

/** What a group of tests needs. */
export interface Needs {
  /** Programs in the folder KUBEBUILDER_ASSETS. */
  readonly assets?: readonly string[];
  /** The oldest minor version of Kubernetes that has what is tested, such as 36. */
  readonly since?: number;
  /** Programs on the PATH. */
  readonly tools?: readonly string[];
  readonly root?: boolean;
  readonly browser?: boolean;
}

/** The path of a program in the folder KUBEBUILDER_ASSETS. */
export function asset(name: string): string {
  return join(process.env.KUBEBUILDER_ASSETS ?? '', name);
}

const minors = new Map<string, number>();

/** The minor version of a program of Kubernetes in the folder KUBEBUILDER_ASSETS: 30 for v1.30.14. */
export function minorOf(name: 'kube-apiserver' | 'kubelet'): number {
  const path = asset(name);
  const minor =
    minors.get(path) ?? Number(/v1\.(\d+)/.exec(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout)?.[1]);
  if (Number.isNaN(minor)) throw new Error(`${path} does not print its version`);
  minors.set(path, minor);
  return minor;
}

/** A test that is skipped if the API server is older than this minor version; its name then has the reason. */
export function testSince(since: number): (name: string, body: () => Promise<void>, timeout?: number) => void {
  return (name, body, timeout) => {
    const reason = missing({ assets: ['kube-apiserver'], since });
    if (reason === undefined) {
      test(name, body, timeout);
      return;
    }
    process.stderr.write(`SKIPPED ${name}: ${reason}\n`);
    test.skip(`${name} (skipped: ${reason})`, body);
  };
}

/** The kubectl to use: the one that KUBECTL names, else the one on the PATH. */
export const kubectlPath = process.env.KUBECTL ?? findProgram('kubectl');

/** The browser to use: the one that CHROMIUM names, else the one on the PATH. */
export const browserPath =
  process.env.CHROMIUM ?? ['chromium', 'chromium-browser', 'google-chrome'].map(findProgram).find(Boolean);

/** A test that is skipped if there is no kubectl; its name then has the reason. */
export const testWithKubectl: (name: string, body: () => Promise<void>) => void =
  kubectlPath === undefined
    ? (name, body) => {
        test.skip(`${name} (skipped: there is no kubectl on the PATH, and KUBECTL is not set)`, body);
      }
    : test;

/** A group of tests that is skipped if something that it needs is missing; its name then has the reason. */
export function describeWith(needs: Needs, name: string, body: () => void): void {
  const reason = missing(needs);
  if (reason === undefined) {
    describe(name, body);
    return;
  }
  // by default jest does not print the names of skipped tests
  process.stderr.write(`SKIPPED ${name}: ${reason}\n`);
  describe.skip(`${name} (skipped: ${reason})`, body);
}

function missing({ assets = [], since = 0, tools = [], root = false, browser = false }: Needs): string | undefined {
  const folder = process.env.KUBEBUILDER_ASSETS ?? '';
  if (assets.length > 0 && folder === '') return 'KUBEBUILDER_ASSETS is not set';
  const absent = assets.filter((name) => !isExecutable(asset(name)));
  if (absent.length > 0) return `KUBEBUILDER_ASSETS has no ${absent.join(', ')}`;
  if (since > 0 && minorOf('kube-apiserver') < since) {
    return `this needs kube-apiserver 1.${since}, and this is 1.${minorOf('kube-apiserver')}`;
  }
  const unknown = tools.filter((name) => findProgram(name) === undefined);
  if (unknown.length > 0) return `there is no ${unknown.join(', ')} on the PATH`;
  if (browser && (browserPath ?? '') === '') return 'there is no chromium on the PATH, and CHROMIUM is not set';
  if (root && process.getuid?.() !== 0) return 'this needs root';
  return undefined;
}
