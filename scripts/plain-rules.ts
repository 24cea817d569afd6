// Writes the rules of the PrometheusRule as a plain rule file, for a Prometheus without the operator.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../manifests/monitoring');
const HEADER =
  '# The rules of manifests/monitoring/prometheus-rule.yaml as a plain rule file. `npm run docs` generates this file.\n';

/** The text of the plain rule file: the `spec` of the PrometheusRule, with its comments. */
export function plainRules(): string {
  const rule = readFileSync(join(FOLDER, 'prometheus-rule.yaml'), 'utf8');
  const [, spec = ''] = rule.split('\nspec:\n');
  return HEADER + spec.replaceAll(/^ {2}/gm, '');
}

/** Writes the plain rule file. */
export function writePlainRules(): void {
  writeFileSync(join(FOLDER, 'prometheus/rules.yaml'), plainRules());
}
