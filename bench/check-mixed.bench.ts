// Measures `check` on a folder of 10,000 mixed files, 1 % of them manifests and configurations of components, against a
// program that reads all of them. Runs alternate, so that the ratio of their medians is useful on a busy machine.
// Run: npm run build && node bench/check-mixed.bench.ts

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const RUNS = 9;
const FILES = 10_000;
const BUDGET = 1.5;

const root = join(import.meta.dirname, '..');
const program = join(root, 'dist/main.js');
const manifest = readFileSync(join(root, 'test/fixtures/kubeadm-v1.37.2/kube-apiserver.yaml'), 'utf8');
const kubelet = readFileSync(join(root, 'samples/cluster/kubelet-config.yaml'), 'utf8');

interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

const METER = `const { writeSync } = require('node:fs');
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  writeSync(3, String((user + system) / 1000));
});
`;
/** Reads every file of a folder, as the simplest program does. */
const READER = `import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
let bytes = 0;
for (const entry of readdirSync(process.argv[2], { recursive: true, withFileTypes: true })) {
  if (entry.isFile()) bytes += readFileSync(join(entry.parentPath, entry.name)).length;
}
if (bytes === 0) throw new Error('nothing was read');
`;

/** What a repository of applications and clusters has, by its share in percent. */
const KINDS: readonly (readonly [share: number, name: string, text: (index: number) => string])[] = [
  [30, 'src/module.ts', (index) => `export const value${String(index)} = ${String(index)};\n`.repeat(250)],
  [
    10,
    'docs/page.md',
    (index) => `# Page ${String(index)}\n\nSome text about the cluster and its kubelets.\n`.repeat(60),
  ],
  [25, 'apps/deployment.yaml', deployment],
  [
    10,
    'apps/service.yaml',
    (index) =>
      `apiVersion: v1\nkind: Service\nmetadata:\n  name: app-${String(index)}\nspec:\n  ports: [{ port: 80 }]\n`,
  ],
  [
    10,
    'charts/app/templates/config.yaml',
    (index) =>
      `kind: ConfigMap\n{{- if .Values.on }}\ndata:\n  key: {{ .Values.v${String(index)} }}\n{{- end }}\n`.repeat(10),
  ],
  [
    9,
    'web/data.json',
    (index) =>
      JSON.stringify({ index, values: Array.from({ length: 600 }, (_, at) => ({ at, text: `value ${String(at)}` })) }),
  ],
  [
    5,
    'web/tsconfig.json',
    (index) => `{\n  // options of ${String(index)}\n  "compilerOptions": { "strict": true },\n}\n`,
  ],
];

function deployment(index: number): string {
  const variables = Array.from(
    { length: 30 },
    (_, at) => `            - { name: VARIABLE_${String(at)}, value: "${String(index + at)}" }\n`,
  );
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: app-${String(index)}, labels: { app.kubernetes.io/name: app } }
spec:
  template:
    spec:
      containers:
        - name: app
          image: registry.example/app:v${String(index)}
          env:
${variables.join('')}`;
}

function textOf(index: number): { readonly name: string; readonly text: string } {
  if (index % 100 === 0) {
    return index % 200 === 0
      ? { name: 'nodes/kube-apiserver.yaml', text: manifest }
      : { name: 'nodes/kubelet.yaml', text: kubelet };
  }
  let share = index % 100;
  for (const [size, name, text] of KINDS) {
    if (share <= size) return { name, text: text(index) };
    share -= size;
  }
  throw new Error('the shares are less than a hundred');
}

function writeFiles(folder: string): number {
  let bytes = 0;
  for (let index = 0; index < FILES; index += 1) {
    const { name, text } = textOf(index);
    const path = join(folder, `team-${String(index % 50)}`, name.replace(/([^/]*)$/, `${String(index)}-$1`));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    bytes += Buffer.byteLength(text);
  }
  return bytes;
}

function run(meterFile: string, args: readonly string[]): Cost {
  const start = performance.now();
  const { status, output, stderr } = spawnSync(process.execPath, ['--require', meterFile, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const wall = performance.now() - start;
  // a failed run has not done the measured work
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status ?? 'a signal'}: ${stderr}`);
  return { wall, cpu: Number(output[3]) };
}

function median(costs: readonly Cost[], kind: keyof Cost): number {
  return costs.map((cost) => cost[kind]).sort((a, b) => a - b)[costs.length >> 1] ?? NaN;
}

const folder = mkdtempSync(join(tmpdir(), 'guard-bench-'));
try {
  const [meterFile, reader, files] = ['meter.cjs', 'reader.mjs', 'files'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(meterFile, METER);
  writeFileSync(reader, READER);
  const bytes = writeFiles(files);
  const reads: Cost[] = [];
  const checks: Cost[] = [];
  for (let round = 0; round <= RUNS; round += 1) {
    const costs = [run(meterFile, [reader, files]), run(meterFile, [program, 'check', '--quiet', files])] as const;
    // the first round fills the cache of the file system
    if (round === 0) continue;
    reads.push(costs[0]);
    checks.push(costs[1]);
  }
  console.log(`${String(FILES)} files, ${(bytes / 1e6).toFixed(1)} MB, 1 % of them checked`);
  for (const kind of ['wall', 'cpu'] as const) {
    const [read, check] = [median(reads, kind), median(checks, kind)];
    const ratio = check / read;
    const verdict = ratio <= BUDGET ? 'within the budget' : 'OVER THE BUDGET';
    console.log(
      `${kind}: ${ratio.toFixed(2)} (${check.toFixed(0)} ms against ${read.toFixed(0)} ms of reading all), ${verdict} of ${String(BUDGET)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
