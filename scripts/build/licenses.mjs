// The licenses of the packages in the scripts of dist.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LICENSE_FILE = /^(licen[cs]e|copying|copyright|notice)/i;

/**
 * Joins the license texts of all packages.
 *
 * @param inputs the paths of the files in the bundles
 * @throws Error if a package has no license text
 */
export function licensesOf(inputs) {
  const folders = new Set(inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
  return [...folders].sort().map(licenseOf).join('\n');
}

function licenseOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder)
    .filter((file) => LICENSE_FILE.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  if (texts.join('') === '') throw new Error(`${name} has no license text: dist cannot contain it`);
  return `=== ${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`;
}
