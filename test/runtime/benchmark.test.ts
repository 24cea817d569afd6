import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { controls } from '../../src/controls/index.ts';
import { benchmarkNames } from '../../src/policy/benchmarks/select.ts';
import { benchmarkOf, readBenchmark } from '../../src/runtime/benchmark.ts';
import { changesBetween } from '../../src/runtime/configuration/changes.ts';
import { readConfiguration } from '../../src/runtime/configuration/configuration.ts';
import { printConfiguration } from '../../src/runtime/configuration/print.ts';
import { StartError } from '../../src/runtime/start-error.ts';

const root = join(import.meta.dirname, '../..');
const HEAD = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n';

function read(text: string) {
  return readConfiguration({ path: 'guard.yaml', text: `${HEAD}${text}` }, controls);
}

function faultsOf(text: string): readonly string[] {
  try {
    read(text);
  } catch (cause) {
    if (cause instanceof StartError) return cause.faults;
  }
  return [];
}

describe('the name of a benchmark', () => {
  test.each([
    ['cis-ask-1.8', 'did you mean cis-aks-1.8?'],
    [
      'cis-aks-2.0',
      'the ids of "cis-aks-2.0" are not known; of CIS AKS Benchmark (cis-aks) these versions are: 1.0, 1.1',
    ],
    ['nonsense', 'the benchmarks are cis-kubernetes, cis-aks,'],
  ])('%s is wrong, with what is right', (name, fault) => {
    const choice = readBenchmark(name);
    expect('fault' in choice && choice.fault).toContain(fault);
    expect(() => benchmarkOf(name, undefined)).toThrow(StartError);
  });
});

describe('the chosen benchmark', () => {
  test('is that of the flag, else that of the configuration, else none', () => {
    const configuration = read('benchmark: cis-eks\n');
    expect(benchmarkOf('cis-aks-1.8', configuration).name).toBe('cis-aks-1.8');
    expect(benchmarkOf(undefined, configuration).name).toBe('cis-eks');
    expect(benchmarkOf(undefined, read('')).name).toBeUndefined();
    expect(benchmarkOf(undefined, undefined).show(controls)).toBe(controls);
  });
});

describe('the key benchmark', () => {
  test('is read, printed, and logged where it changes', () => {
    const [before, after] = [read(''), read('benchmark: cis-aks-1.8\n')];
    expect(printConfiguration(after, controls, '2027-01-01')).toContain(
      '\nbenchmark: cis-aks-1.8 # file guard.yaml:3\n',
    );
    expect(printConfiguration(before, controls, '2027-01-01')).not.toContain('benchmark');
    expect(changesBetween(before, after, controls)).toStrictEqual(['benchmark: by platform -> cis-aks-1.8']);
  });

  test.each([
    ['benchmark: cis-aks-9\n', 'guard.yaml:3:12: the ids of "cis-aks-9" are not known'],
    ['benchmark: CIS-AKS\n', 'guard.yaml:3:12: write this benchmark as cis-aks'],
    ['benchmark: 7\n', 'guard.yaml:3:12: benchmark must be the name of a benchmark'],
  ])('%j is a fault', (text, fault) => {
    expect(faultsOf(text)).toStrictEqual([expect.stringContaining(fault)]);
  });

  test.each(['schema/guard-configuration.schema.json', 'manifests/chart/kubelet-guard/values.schema.json'])(
    'has the same names in %s',
    (path) => {
      const text = readFileSync(join(root, path), 'utf8');
      const names = JSON.stringify(benchmarkNames().flatMap((all) => all));
      expect(text.replaceAll(/\s/g, '').includes(`"enum":${names}`)).toBe(true);
    },
  );
});
