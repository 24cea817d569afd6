// Writes docs/controls from the controls themselves. `npm run docs` writes, a test compares.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { controls } from '../src/controls/index.ts';
import type { ControlMetadata } from '../src/policy/control.ts';

/** The page of a control, as Markdown. */
export function controlPage(control: ControlMetadata): string {
  const { slug, title, component, rationale, remediation, benchmarks, codes, differences, defaults, companion } =
    control;
  const overrides = Object.entries(defaults.on ?? {}).map(([surface, action]) => `\`${action}\` on ${surface}`);
  return [
    `# ${slug}`,
    '',
    `**${title}.** Judges every ${component}.`,
    '',
    '| Benchmark | Id | Versions |',
    '| --- | --- | --- |',
    ...benchmarks.map(({ benchmark, id, versions }) => `| ${benchmark} | ${id} | ${versions ?? 'all'} |`),
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
    remediation,
    '',
    "## Where it differs from the benchmark's text",
    '',
    differences,
    '',
    '## Default action',
    '',
    companion === true
      ? `\`${defaults.action}\` where the configuration names it. Otherwise admission and \`check\` leave it out, and only a sweep and a node audit report it.`
      : [`\`${defaults.action}\``, ...overrides].join(', ') + '.',
    '',
  ].join('\n');
}

/** Writes every page into a folder. */
function writePages(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const control of controls) writeFileSync(join(folder, `${control.slug}.md`), controlPage(control));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  writePages(join(import.meta.dirname, '../docs/controls'));
