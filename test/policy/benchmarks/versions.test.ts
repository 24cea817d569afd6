import { expect, test } from '@jest/globals';

import { FRAMEWORKS } from '../../../src/policy/benchmarks/table.ts';
import { versionsText } from '../../../src/policy/benchmarks/versions.ts';

test.each([
  ['cis-kubernetes', undefined, 'v1.5 to v1.24, v1.7 to v2.0'],
  ['cis-kubernetes', ['1.5', '1.6', '1.23'], 'v1.5, v1.6, v1.23'],
  ['cis-eks', undefined, 'v1.0.1 to v1.8'],
  ['rancher', undefined, 'v1.24, v1.7 to v1.9'],
  ['rancher', ['1.7', '1.8'], 'v1.7, v1.8'],
  ['vmware-tkgi', undefined, 'v1.2.53'],
  ['disa-stig', ['V2'], 'V2'],
  ['nist-800-53', undefined, 'r4, r5'],
])('versions of %s (%j) are written as %s', (name, using, text) => {
  const framework = FRAMEWORKS.find((candidate) => candidate.name === name);
  if (framework === undefined) throw new Error(`there is no ${name}`);
  expect(versionsText(framework, using ?? framework.versions)).toBe(text);
});
