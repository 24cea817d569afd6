import { expect, test } from '@jest/globals';

import { explainControl } from '../../../src/commands/explain/explain.ts';
import { controls } from '../../../src/controls/index.ts';

test.each(controls)('$slug is explained in lines of at most 100 characters', (control) => {
  const text = explainControl(control);
  expect(text.startsWith(`${control.slug}: ${control.title}\n`)).toBe(true);
  expect(text.split('\n').filter((line) => line.length > 100)).toStrictEqual([]);
  for (const { id } of control.benchmarks) expect(text).toContain(id);
  for (const code of Object.keys(control.codes)) expect(text).toContain(`${code}: `);
});
