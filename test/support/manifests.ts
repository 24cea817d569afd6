import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { parse, parseAllDocuments, stringify } from 'yaml';

import { kubectlPath } from '../e2e/support/assets.ts';
import { findProgram } from '../e2e/support/programs.ts';
import { CHECKOUT } from './dockerfile.ts';

/** The fields of a Kubernetes object that these tests read. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** The options with which Helm renders a chart. */
export interface Release {
  readonly name?: string;
  readonly namespace?: string;
  readonly values?: object | string;
  /** Includes the hooks. */
  readonly hooks?: boolean;
}

const MANIFESTS = join(CHECKOUT, 'manifests');
/** The folder of the chart. */
export const CHART = join(MANIFESTS, 'chart/kubelet-guard');
/** The kustomize overlays by name. */
export const OVERLAYS: readonly string[] = readdirSync(join(MANIFESTS, 'overlays')).sort();

/** The Helm to use: the one that HELM names, else the one on the PATH. */
export const helmPath = process.env.HELM ?? findProgram('helm');

/** The reason to skip tests with these programs, or undefined. */
export function missingTools(...tools: readonly ('helm' | 'kubectl')[]): string | undefined {
  const missing = tools.filter((tool) => ({ helm: helmPath, kubectl: kubectlPath })[tool] === undefined);
  if (missing.length === 0) return undefined;
  return missing.map((tool) => `there is no ${tool} on the PATH, and ${tool.toUpperCase()} is not set`).join('; ');
}

/** The folder of an overlay, of `base` or of `monitoring`. */
export function folderOf(name: string): string {
  return join(MANIFESTS, OVERLAYS.includes(name) ? 'overlays' : '.', name);
}

/** The output of kustomize for an overlay, `base` or `monitoring`. */
export function renderOverlay(name: string): readonly Manifest[] {
  return objectsIn(runTool(kubectlPath, ['kustomize', folderOf(name)]));
}

/** The output of Helm for the chart. */
export function renderChart({
  name = 'guard',
  namespace = 'kubelet-guard',
  values = {},
  hooks = false,
}: Release): readonly Manifest[] {
  const options = ['--namespace', namespace, '--values', '-', ...(hooks ? [] : ['--no-hooks'])];
  return objectsIn(runHelm(['template', name, CHART, ...options], values));
}

/** Runs Helm; it reads the values, or their YAML, if any, from its standard input. */
export function runHelm(args: readonly string[], values?: object | string): string {
  return runTool(helmPath, args, typeof values === 'object' ? stringify(values) : values);
}

/** The name of an object: `Kind namespace/name`. */
export function idOf({ kind, metadata: { namespace, name } }: Manifest): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

/** kubelet-guard's configuration in the mounted ConfigMap. */
export function configurationIn(objects: readonly Manifest[]): Readonly<Record<string, unknown>> {
  const map = objects.find((object) => idOf(object) === 'ConfigMap kubelet-guard/kubelet-guard');
  const { 'guard.yaml': text } = map?.data as Readonly<Record<string, string>>;
  return parse(text ?? '') as Readonly<Record<string, unknown>>;
}

function objectsIn(text: string): readonly Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [fault] = document.errors;
    if (fault !== undefined) throw fault;
    const object = document.toJS() as Manifest | null;
    return object === null ? [] : [object];
  });
}

function runTool(file: string | undefined, args: readonly string[], input = ''): string {
  if (file === undefined) throw new Error('the program is missing');
  return execFileSync(file, args, { input, encoding: 'utf8', timeout: 30_000, maxBuffer: 2 ** 24, stdio: 'pipe' });
}
