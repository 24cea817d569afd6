import { afterAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { flagTable } from '../../src/facts/argv/flags.ts';
import { parseCommandLine } from '../../src/facts/argv/pflag.ts';
import { wordOf } from '../../src/facts/argv/words.ts';
import data from '../../src/facts/data/feature-gates.json' with { type: 'json' };
import { apiServerStart } from '../../src/facts/gates/flags.ts';
import { kubeletSettings } from '../../src/facts/kubelet/kubelet.ts';
import type { Problem } from '../../src/policy/reading.ts';
import type { Refusal } from '../../src/policy/subject.ts';
import { asset, describeWith } from '../e2e/support/assets.ts';
import { ample } from '../support/budget.ts';
import { seeded } from '../support/seed.ts';

jest.setTimeout(3_600_000);

const MINOR = 37;
const NAMES = [...new Set(data.gates.filter(({ until }) => until >= MINOR - 2).map(({ name }) => name))].concat([
  'NoSuchGate',
  'allAlpha',
  'ServiceTopology',
]);
const AT_ONCE = 2;

/** Feature gates in every way in: each list is a layer, from the one that is read first to the one that decides. */
interface GateWays {
  readonly file: readonly string[];
  readonly dropIns: readonly (readonly string[])[];
  readonly flags: readonly string[];
}

const folder = mkdtempSync(join(tmpdir(), 'feature-gates-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a program that ends by itself, and returns what it wrote on stderr with its exit code. */
async function run(program: string, args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return await new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => {
      resolve({ code, stderr });
    });
  });
}

/** With --version, kube-apiserver sets its feature gates, prints its version and exits. */
async function apiServerAccepts(flags: readonly string[]): Promise<boolean> {
  return (await run(asset('kube-apiserver'), [...flags, '--version'])).code === 0;
}

/** A kubelet validates its configuration after it has set its feature gates; this one is not valid. */
async function kubeletAccepts(at: string, ways: GateWays): Promise<boolean> {
  for (const [path, text] of filesOf(at, ways)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, path.endsWith('.conf') ? text : `${text}maxPods: -1\n`);
  }
  const { stderr } = await run(asset('kubelet'), kubeletArgs(at, ways));
  const isPast = stderr.includes('failed to validate kubelet configuration');
  if (!isPast && !/feature gates?|invalid argument|setting defaults/.test(stderr))
    throw new Error(`unexpected end: ${stderr}`);
  return isPast;
}

function filesOf(at: string, { file, dropIns }: GateWays): Map<string, string> {
  const text = (gates: readonly string[]): string =>
    ['apiVersion: kubelet.config.k8s.io/v1beta1', 'kind: KubeletConfiguration', 'featureGates:']
      .concat(
        gates.map((gate) => `  ${gate.replace('=', ': ')}`),
        '',
      )
      .join('\n');
  return new Map([
    [join(at, 'config.yaml'), text(file)],
    ...dropIns.map((gates, index) => [join(at, 'config.d', `${index}.conf`), text(gates)] as const),
  ]);
}

function kubeletArgs(at: string, { dropIns, flags }: GateWays): string[] {
  const directory = dropIns.length === 0 ? [] : [`--config-dir=${join(at, 'config.d')}`];
  return [`--config=${join(at, 'config.yaml')}`, ...directory, ...flags];
}

function apiServerVerdict(flags: readonly string[]): { refusal?: Refusal; doubts: readonly Problem[] } {
  const words = flags.map((text) => wordOf(text, undefined));
  const table = flagTable('kube-apiserver', MINOR);
  return apiServerStart(parseCommandLine(words, table, { emptyPositionals: true, budget: ample() }), MINOR);
}

function kubeletVerdict(at: string, ways: GateWays): { refusal?: Refusal; doubts: readonly Problem[] } {
  const files = filesOf(at, ways);
  return kubeletSettings({
    args: kubeletArgs(at, ways).map((text) => wordOf(text, undefined)),
    budget: ample(),
    minor: MINOR,
    readFile: (path) => ({ state: 'read', text: files.get(path) ?? '' }),
    readDropIns: () => [...files].filter(([path]) => path.endsWith('.conf')).map(([path, text]) => ({ path, text })),
  });
}

/** What is wrong in each case, at most ten. Several components run at the same time. */
async function differences<T>(
  cases: readonly T[],
  compare: (one: T, index: number) => Promise<string>,
): Promise<string[]> {
  const found: string[] = [];
  let at = 0;
  const worker = async (): Promise<void> => {
    for (let index = at++; index < cases.length && found.length < 10; index = at++) {
      const difference = await compare(cases[index] as T, index);
      if (difference !== '') found.push(difference);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return found;
}

function difference(
  what: unknown,
  accepted: boolean,
  { refusal, doubts }: ReturnType<typeof apiServerVerdict>,
): string {
  if (accepted === (refusal === undefined) && doubts.length === 0) return '';
  return `${JSON.stringify(what)}: ${accepted ? 'starts' : 'exits'}, but is judged ${JSON.stringify(refusal ?? doubts)}`;
}

async function compareApiServer(flags: readonly string[]): Promise<string> {
  return difference(flags, await apiServerAccepts(flags), apiServerVerdict(flags));
}

async function compareKubelet(ways: GateWays, index: number): Promise<string> {
  const at = join(folder, String(index));
  const found = difference(ways, await kubeletAccepts(at, ways), kubeletVerdict(at, ways));
  rmSync(at, { recursive: true, force: true });
  return found;
}

const name = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.constantFrom(...data.gates.filter(({ until }) => until === MINOR).map((gate) => gate.name)),
  fc.constantFrom(
    ...data.gates.filter(({ needs }) => needs !== undefined).flatMap((gate) => [gate.name, ...(gate.needs ?? [])]),
  ),
  fc.constantFrom('AllAlpha', 'AllBeta'),
);
const pair = fc.tuple(name, fc.boolean()).map(([gate, value]) => `${gate}=${String(value)}`);
const spelled = fc.oneof(
  { weight: 6, arbitrary: pair },
  fc.tuple(name, fc.constantFrom('T', '0', ' true ', 'yes', '')).map(([gate, value]) => ` ${gate} =${value}`),
  fc.constantFrom('', ' ', 'NoValue', 'kube:', 'wardle:A=true'),
);
const unique = fc.uniqueArray(pair, { maxLength: 4, selector: (gate) => gate.split('=')[0] });
const ways: fc.Arbitrary<GateWays> = fc.record({
  file: unique,
  dropIns: fc.array(unique, { maxLength: 2 }),
  flags: fc.array(
    fc.array(spelled, { maxLength: 3 }).map((gates) => `--feature-gates=${gates.join(',')}`),
    { maxLength: 2 },
  ),
});
const prefixed = fc
  .tuple(spelled, fc.constantFrom('', '', '', 'kube:', ' kube :'))
  .map(([gate, kube]) => `${kube}${gate}`);
const apiServerFlags = fc.array(
  fc.array(prefixed, { maxLength: 4 }).map((gates) => `--feature-gates=${gates.join(',')}`),
  { maxLength: 2 },
);

describeWith({ assets: ['kube-apiserver', 'kubelet'] }, 'feature gates', () => {
  const values = NAMES.flatMap((gate) => [`${gate}=true`, `${gate}=false`]);

  test('of the last versions, each with both values, are accepted by kube-apiserver or not', async () => {
    const cases = values.map((gate) => [`--feature-gates=${gate}`]);
    expect(await differences(cases, compareApiServer)).toStrictEqual([]);
  });

  test('of the last versions, each with both values, are accepted by the kubelet or not', async () => {
    const cases = values.map((gate, index): GateWays =>
      index % 4 < 2
        ? { file: [gate], dropIns: [], flags: [] }
        : { file: [], dropIns: index % 8 < 4 ? [] : [[gate]], flags: index % 8 < 4 ? [`--feature-gates=${gate}`] : [] },
    );
    expect(await differences(cases, compareKubelet)).toStrictEqual([]);
  });

  test('in random combinations are accepted by kube-apiserver or not', async () => {
    const cases = fc.sample(apiServerFlags, { numRuns: 300, ...seeded });
    expect(await differences(cases, compareApiServer)).toStrictEqual([]);
  });

  test('in random combinations of flags, files and drop-ins are accepted by the kubelet or not', async () => {
    const cases = fc.sample(ways, { numRuns: 300, ...seeded });
    expect(await differences(cases, compareKubelet)).toStrictEqual([]);
  });
});
