import { describe, expect, test } from '@jest/globals';

import { controls } from '../../../src/controls/index.ts';
import { PLATFORMS } from '../../../src/policy/benchmarks/platform.ts';
import { BENCHMARK_ROWS, FRAMEWORKS } from '../../../src/policy/benchmarks/table.ts';
import { benchmarksOf, covers } from '../../../src/policy/benchmarks/versions.ts';

const slugs = controls.map(({ slug }) => slug);

function rowsOf(name: string) {
  return BENCHMARK_ROWS.filter(({ framework }) => framework === name);
}

describe('the table of benchmark ids', () => {
  test('has rows of known benchmarks only, from a version to the same or a later one, with a source', () => {
    for (const row of BENCHMARK_ROWS) {
      const versions: readonly string[] = FRAMEWORKS.find(({ name }) => name === row.framework)?.versions ?? [];
      expect(versions).toContain(row.from);
      expect(versions.indexOf(row.to)).toBeGreaterThanOrEqual(versions.indexOf(row.from));
      expect(row.source).toMatch(/\S/);
    }
  });

  test('has at most one row for each version', () => {
    for (const framework of FRAMEWORKS) {
      for (const version of framework.versions) {
        const rows = rowsOf(framework.name).filter((row) => covers(row, framework, version));
        expect([framework.name, version, rows.length <= 1]).toStrictEqual([framework.name, version, true]);
      }
    }
  });

  test('names existing controls only, each id once in a row, unless a framework gives several controls the same', () => {
    for (const { framework, ids } of BENCHMARK_ROWS) {
      expect(slugs).toEqual(expect.arrayContaining(Object.keys(ids)));
      const values = Object.values(ids);
      for (const id of values) expect(id).toMatch(/^(\d+(\.\d+)+|V-\d+|[A-Z]{2}-\d+(, [A-Z]{2}-\d+)*)$/);
      if (framework !== 'nist-800-53') expect(new Set(values).size).toBe(values.length);
    }
  });

  test('covers every control in the newest version of the general benchmark', () => {
    for (const control of controls) {
      expect(control.benchmarks[0]).toMatchObject({ framework: 'cis-kubernetes', isCurrent: true });
      expect(benchmarksOf(control.slug)).toStrictEqual(control.benchmarks);
    }
  });

  test('names each framework and platform once', () => {
    const names = FRAMEWORKS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const platforms = FRAMEWORKS.flatMap((framework) => framework.platforms ?? []);
    expect(new Set(platforms).size).toBe(platforms.length);
    expect(PLATFORMS).toEqual(expect.arrayContaining(platforms));
  });

  // checked by hand against the benchmarks' texts and other programs' profiles
  test.each([
    ['cis-kubernetes', '1.6', ['1.2.5', '1.2.6', '4.2.3', '4.2.1', '4.2.2']],
    ['cis-kubernetes', '1.20', ['1.2.4', '1.2.5', '4.2.3', '4.2.1', '4.2.2']],
    ['cis-kubernetes', '1.23', ['1.2.5', '1.2.6', '4.2.3', '4.2.1', '4.2.2']],
    ['cis-kubernetes', '1.24', ['1.2.4', '1.2.5', '4.2.3', '4.2.1', '4.2.2']],
    ['cis-kubernetes', '1.7', ['1.2.4', '1.2.5', '4.2.3', '4.2.1', '4.2.2']],
    ['cis-kubernetes', '2.0', ['1.2.4', '1.2.5', '4.2.3', '4.2.1', '4.2.2']],
    ['cis-aks', '1.8', ['-', '-', '3.2.3', '3.2.1', '3.2.2']],
    ['cis-eks', '1.0.1', ['-', '-', '3.2.3', '3.2.1', '3.2.2']],
    ['cis-gke', '1.0', ['1.2.5', '1.2.6', '4.2.3', '4.2.1', '4.2.2']],
    ['cis-gke', '1.7', ['-', '-', '3.2.3', '3.2.1', '3.2.2']],
    ['cis-gke', '1.8', ['-', '-', '-', '-', '-']],
    ['cis-openshift', '1.1', ['1.2.5', '1.2.6', '4.2.3', '4.2.1', '4.2.2']],
    ['cis-openshift', '1.7', ['1.2.5', '1.2.6', '4.2.4', '4.2.2', '4.2.3']],
    ['cis-openshift', '1.8', ['1.2.3', '1.2.4', '4.2.4', '4.2.2', '4.2.3']],
    ['cis-ack', '1.0', ['1.2.4', '-', '4.2.3', '4.2.1', '4.2.2']],
    ['rancher', '1.24', ['1.2.5', '1.2.6', '4.2.3', '4.2.1', '4.2.2']],
    ['rancher', '1.9', ['1.2.4', '1.2.5', '4.2.3', '4.2.1', '4.2.2']],
    ['vmware-tkgi', '1.2.53', ['1.2.5', '1.2.6', '4.2.3', '4.2.1', '4.2.2']],
    ['disa-stig', 'V1', ['V-242441', '-', 'V-242420', 'V-242391', 'V-242392']],
    ['disa-stig', 'V2', ['-', '-', 'V-242420', 'V-242391', 'V-242392']],
    ['nist-800-53', 'r5', ['CM-6, SC-8', 'CM-6, SC-8', 'CM-6, SC-23', 'CM-6, AC-3', 'CM-6, AC-3']],
  ])('%s %s', (name, version, expected) => {
    const framework = FRAMEWORKS.find((candidate) => candidate.name === name);
    const row = rowsOf(name).find((candidate) => framework && covers(candidate, framework, version));
    const order = [
      'apiserver-kubelet-client-cert',
      'apiserver-kubelet-ca',
      'kubelet-client-ca',
      'kubelet-anonymous-auth',
      'kubelet-authorization-mode',
    ];
    expect(order.map((slug) => row?.ids[slug] ?? '-')).toStrictEqual(expected);
    expect(framework?.versions).toContain(version);
  });
});
