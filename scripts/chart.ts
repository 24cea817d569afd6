// Writes what the chart derives from other files: the table of README.md and the descriptions of values.schema.json from the comments of
// values.yaml, and the alerts and the dashboard from manifests/monitoring.
// `npm run docs` writes; test/packaging/chart-docs.test.ts compares.

import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isMap, isScalar, parseDocument, stringify, type YAMLMap } from 'yaml';

const MANIFESTS = join(import.meta.dirname, '../manifests');
const CHART = join(MANIFESTS, 'chart/kubelet-guard');
/** Starts a comment that describes a value, as for helm-docs. */
const MARK = ' -- ';
const START = '<!-- values: npm run docs -->';
const END = '<!-- end of values -->';
/** The files of manifests/monitoring that the chart has too: Helm reads no file outside the chart. */
export const COPIED = { 'prometheus/rules.yaml': 'rules.yaml', 'grafana-dashboard.json': 'grafana-dashboard.json' };

/** A value of values.yaml. */
export interface ChartValue {
  readonly path: readonly string[];
  /** The default, as YAML on one line. */
  readonly text: string;
  readonly description: string;
}

/** The values with a description, and the values without that have no values below them. */
export function chartValues(): readonly ChartValue[] {
  const { contents } = parseDocument(read('values.yaml'));
  return isMap(contents) ? valuesIn(contents, []) : [];
}

function valuesIn(map: YAMLMap, above: readonly string[]): ChartValue[] {
  return map.items.flatMap(({ key, value }, index) => {
    if (!isScalar(key)) return [];
    const path = [...above, String(key.value)];
    // a comment before the first key is the map's own
    const description = descriptionIn(key.commentBefore ?? (index === 0 ? map.commentBefore : null) ?? '');
    if (isMap(value) && description === '' && value.items.length > 0) return valuesIn(value, path);
    const plain = (value as { toJSON?: () => unknown } | null)?.toJSON?.() ?? null;
    const text = stringify(plain, { collectionStyle: 'flow', lineWidth: 0, singleQuote: true }).trim();
    return [{ path, text, description }];
  });
}

/** The text after the mark, on one line. */
function descriptionIn(comment: string): string {
  const [, text = ''] = comment.split(MARK);
  return text.replaceAll(/\n */g, ' ').trim();
}

/** README.md with the table of the values. */
export function chartReadme(): string {
  const [before = '', rest = ''] = read('README.md').split(START);
  const [, after = ''] = rest.split(END);
  const rows = chartValues().map(({ path, text, description }) => {
    const cells = [`\`${path.join('.')}\``, `\`${text}\``, description].map((cell) => cell.replaceAll('|', '\\|'));
    return `| ${cells.join(' | ')} |`;
  });
  const table = ['| Value | Default | What it is |', '| --- | --- | --- |', ...rows].join('\n');
  return `${before}${START}\n\n${table}\n\n${END}${after}`;
}

interface Schema {
  description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** The schema with the descriptions. */
export function chartSchema(): object {
  const schema = JSON.parse(read('values.schema.json')) as Schema;
  for (const { path, description } of chartValues()) {
    const found = path.reduce<Schema | undefined>((at, key) => at?.properties?.[key], schema);
    if (found !== undefined) found.description = description.replaceAll('`', '');
  }
  return schema;
}

/** Writes all of them. */
export function writeChart(): void {
  writeFileSync(join(CHART, 'README.md'), chartReadme());
  writeFileSync(join(CHART, 'values.schema.json'), `${JSON.stringify(chartSchema(), undefined, 2)}\n`);
  for (const [from, to] of Object.entries(COPIED)) {
    copyFileSync(join(MANIFESTS, 'monitoring', from), join(CHART, 'files', to));
  }
}

function read(file: string): string {
  return readFileSync(join(CHART, file), 'utf8');
}
