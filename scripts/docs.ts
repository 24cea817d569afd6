// Writes the list of controls, src/controls/index.ts, and a page for each in docs/controls, from the controls' own files,
// docs/inputs.md and the component declared-clusters from the list of inputs, docs/commands.md from the help, the plain rule
// file of Prometheus, what the chart derives, and the script and style of the page.
// `npm run docs` writes; test/meta/docs.test.ts compares.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { INPUTS, WRAPPERS } from '../src/facts/inputs/index.ts';
import { UNREAD_KINDS } from '../src/facts/inputs/unread/kinds.ts';
import { TEXT_INPUTS } from '../src/facts/inputs/texts.ts';
import type { AdmissionResource } from '../src/facts/inputs/input.ts';
import type { Control, ControlMetadata } from '../src/policy/control.ts';
import { writeChart } from './chart.ts';
import { commandsPage } from './commands.ts';
import { remedies } from '../src/policy/benchmarks/remedy.ts';
import { benchmarksPage } from './benchmarks-page.ts';
import { writeDeclaredClusters } from './declared-clusters.ts';
import { writePageAssets } from './page-assets.ts';
import { writePlainRules } from './plain-rules.ts';

const ROOT = join(import.meta.dirname, '..');
const CONTROLS = join(ROOT, 'src/controls');

/** A control and how its file exports it. */
interface ControlFile {
  readonly file: string;
  readonly exportName: string;
  readonly control: Control;
}

/** Loads the control of each file in src/controls, in the order of reports: supporting controls last, then by slug. */
export async function loadControls(): Promise<readonly ControlFile[]> {
  const files = readdirSync(CONTROLS).filter((name) => name.endsWith('.ts') && name !== 'index.ts');
  const loaded = await Promise.all(files.sort().map(loadControl));
  return [
    ...loaded.filter(({ control }) => control.supporting !== true),
    ...loaded.filter(({ control }) => control.supporting === true),
  ];
}

async function loadControl(file: string): Promise<ControlFile> {
  const exports = (await import(pathToFileURL(join(CONTROLS, file)).href)) as Readonly<Record<string, Control>>;
  const [entry, ...others] = Object.entries(exports);
  if (entry === undefined || others.length > 0) throw new Error(`src/controls/${file} must export one control`);
  return { file, exportName: entry[0], control: entry[1] };
}

/** The text of src/controls/index.ts. */
export function controlsIndex(files: readonly ControlFile[]): string {
  const imports = [...files].sort((one, other) => (one.file < other.file ? -1 : 1));
  return [
    '// Every control, in the order of reports: supporting controls last. `npm run docs` generates this file.',
    '',
    "import type { Control } from '../policy/control.ts';",
    ...imports.map(({ file, exportName }) => `import { ${exportName} } from './${file}';`),
    '',
    '/** Every control, in the order of reports. */',
    'export const controls: readonly Control[] = [',
    ...files.map(({ exportName }) => `  ${exportName},`),
    '];',
    '',
  ].join('\n');
}

/** The page of a control, as Markdown. */
export function controlPage(control: ControlMetadata): string {
  const { slug, title, component, rationale, remediation, benchmarks, codes, differences } = control;
  return [
    `# ${slug}`,
    '',
    `**${title}.** Checks every ${component}.`,
    '',
    '| Benchmark | Id | Versions |',
    '| --- | --- | --- |',
    ...benchmarks.map(({ benchmark, id, versions }) => `| ${benchmark} | ${id} | ${versions} |`),
    '',
    '[Benchmarks](../benchmarks.md) says which id is shown.',
    '',
    '## Why',
    '',
    rationale,
    '',
    '## What is reported',
    '',
    '| Code | Meaning |',
    '| --- | --- |',
    ...Object.entries(codes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`),
    '',
    '## How to fix it',
    '',
    remediation.general,
    '',
    '| Where | What to do |',
    '| --- | --- |',
    ...remedies(remediation)
      .slice(1)
      .map(({ where, text }) => `| ${where} | ${text} |`),
    '',
    "## Where it differs from the benchmark's text",
    '',
    differences,
    '',
    '## Default action',
    '',
    defaultAction(control),
    '',
  ].join('\n');
}

function defaultAction({ defaults, supporting }: ControlMetadata): string {
  if (supporting === true)
    return `A supporting control: a sweep and a node audit report it unless the configuration turns it off. Admission and \`check\` use it only if the configuration names it; its action is then \`${defaults.action}\` unless the configuration sets another.`;
  const overrides = Object.entries(defaults.on ?? {}).map(([surface, action]) => `\`${action}\` on ${surface}`);
  return `${[`\`${defaults.action}\``, ...overrides].join(', ')}.`;
}

/** The page of the inputs, as Markdown. */
export function inputsPage(): string {
  const rows = INPUTS.map(({ name, surfaces, resources = [] }) => {
    const checked = resources.map(resourceName).join(', ');
    return `| ${name} | ${surfaces.map((surface) => `\`${surface}\``).join(', ')} | ${checked === '' ? 'no' : checked} |`;
  });
  const wrappers = WRAPPERS.map(({ name }) => `\`${name}\``).join(' and ');
  return [
    '# Inputs',
    '',
    '`check` reads these kinds of documents, in files with one or several of them, as YAML or JSON. It also reads them inside',
    `${wrappers}. The webhook checks those with a resource. An action can be configured for each`,
    '[surface](configuration.md).',
    '',
    '| Input | Surface | Resources that the webhook checks |',
    '| --- | --- | --- |',
    ...rows,
    '',
    '`check` also reads texts that are no objects:',
    '',
    ...TEXT_INPUTS.map(({ name }) => `- ${name}`),
    '',
    'Units count together with the drop-ins, environment files and configuration that they name, if those are checked too. They are',
    'found by their paths on the host, anywhere below the same folder, or by their names in a folder beside the unit.',
    '',
    'These are known and not read. If one of them sets a checked setting, it is listed on standard error with what to do instead, and the',
    `exit code is 3: ${[...new Set(UNREAD_KINDS.map(({ names }) => names.replace(/^(.*) of this (?:kind|name)$/, 'other $1')))].join(', ')}.`,
    '',
  ].join('\n');
}

/** A resource as kubectl writes it: `deployments.apps`, `pods/ephemeralcontainers`. */
function resourceName({ group, resource, subResource }: AdmissionResource): string {
  return `\`${resource}${subResource === '' ? '' : `/${subResource}`}${group === '' ? '' : `.${group}`}\``;
}

/** Writes the list and every page. */
async function write(): Promise<void> {
  const files = await loadControls();
  writeFileSync(join(CONTROLS, 'index.ts'), controlsIndex(files));
  writeFileSync(join(ROOT, 'docs/inputs.md'), inputsPage());
  writeFileSync(join(ROOT, 'docs/commands.md'), await commandsPage());
  writeFileSync(join(ROOT, 'docs/benchmarks.md'), benchmarksPage());
  writeDeclaredClusters();
  writePlainRules();
  writeChart();
  await writePageAssets();
  const pages = join(ROOT, 'docs/controls');
  mkdirSync(pages, { recursive: true });
  for (const { control } of files) writeFileSync(join(pages, `${control.slug}.md`), controlPage(control));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await write();
