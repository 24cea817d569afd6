import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { defaultsOf, EVIDENCE, evidenceNames, NODE_EVIDENCE, SWEEP_EVIDENCE } from '../../src/evidence/index.ts';
import { grantedRights } from '../support/granted-rights.ts';

const RBAC = ['base/rbac.yaml', 'base/rbac-certificates.yaml', 'components/node-agent/rbac.yaml'];

function text(path: string): string {
  return readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
}

type Fields = Readonly<Record<string, unknown>>;

/** The part of a JSON file at a path of keys. */
function at(file: string, ...keys: readonly string[]): Fields {
  const whole = JSON.parse(text(file)) as Fields;
  return keys.reduce((value, key) => value[key] as Fields, whole);
}

describe('the list of evidence', () => {
  test('has each name once', () => {
    expect(new Set(evidenceNames(EVIDENCE)).size).toBe(EVIDENCE.length);
  });

  test('has defaults for each command', () => {
    expect(defaultsOf(SWEEP_EVIDENCE).length).toBeGreaterThan(0);
    expect(defaultsOf(NODE_EVIDENCE).length).toBeGreaterThan(0);
    for (const { sweep, node } of EVIDENCE) expect(sweep || node).toBe(true);
  });
});

describe('every kind of evidence is listed in', () => {
  const evidence = ['properties', 'sweep', 'properties', 'evidence'];

  test.each([
    ['schema/guard-configuration.schema.json', evidence],
    ['manifests/chart/kubelet-guard/values.schema.json', ['properties', 'config', ...evidence]],
  ])('%s, with the same default', (file, path) => {
    expect(at(file, ...path, 'items').enum).toEqual(evidenceNames(SWEEP_EVIDENCE));
    expect(at(file, ...path).default).toEqual(defaultsOf(SWEEP_EVIDENCE));
  });

  test('schema/guard-report.schema.json, with its name in reports', () => {
    const { enum: vias } = at('schema/guard-report.schema.json', 'definitions', 'source', 'properties', 'via');
    expect(new Set(vias as readonly string[])).toEqual(new Set(EVIDENCE.map(({ via }) => via)));
  });

  test('the table of docs/sweep.md', () => {
    const [table = ''] = /^\| `--evidence`(?:.*\n)+?\n/m.exec(text('docs/sweep.md')) ?? [];
    const rows = [...table.matchAll(/^\| `([a-z][a-z-]*)`( \(only when you name it, alone or with others\))? /gm)];
    const listed = rows.map(([, name, only]) => ({ name, default: only === undefined }));
    expect(byName(listed)).toEqual(
      byName(SWEEP_EVIDENCE.map(({ name, default: isDefault }) => ({ name, default: isDefault }))),
    );
  });

  test('the row of docs/configuration.md', () => {
    const [, names = ''] = /^\| `evidence` +\|(.*)\|.*\|$/m.exec(text('docs/configuration.md')) ?? [];
    const listed = [...names.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name);
    expect(new Set(listed)).toEqual(new Set(evidenceNames(SWEEP_EVIDENCE)));
  });

  test('docs/node.md, if the command node supports it', () => {
    for (const name of evidenceNames(NODE_EVIDENCE)) expect(text('docs/node.md')).toContain(`--evidence ${name}`);
  });
});

describe('the manifests grant', () => {
  const granted = grantedRights(RBAC);

  test.each(EVIDENCE.map((entry) => [entry.name, entry] as const))(
    'the rights of %s if it is a default, and no rights otherwise',
    (_name, { rights, default: isDefault }) => {
      for (const right of rights) {
        if (isDefault) expect(granted).toContainEqual(right);
        else expect(granted).not.toContainEqual(right);
      }
    },
  );
});

function byName(rows: readonly { readonly name: string | undefined; readonly default: boolean }[]) {
  return [...rows].sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
}
