// Every reader reads an input and one that is twice as long. The time may grow only in proportion to the length or to the
// steps of the budget.

import { describe, expect, jest, test } from '@jest/globals';

import { environmentOf, expand } from '../../src/facts/argv/expansion.ts';
import { faultOf, KNOWN_TYPES } from '../../src/facts/argv/flag-values.ts';
import { isLabelValue, isQualifiedName, nodeLabelsFault } from '../../src/facts/argv/labels.ts';
import { ADMISSION_LIMITS, Budget, Exhausted } from '../../src/facts/budget.ts';
import { programOf } from '../../src/facts/pod/containers.ts';
import { findMismatch, keepKnown } from '../../src/facts/decoding/decode.ts';
import { mergePatch } from '../../src/facts/decoding/merge-patch.ts';
import { readComponentConfiguration } from '../../src/facts/kubeadm/component-documents.ts';
import { processComponent } from '../../src/facts/host/processes.ts';
import { recognise, recogniseAll } from '../../src/facts/inputs/recognise.ts';
import { argsOfFile } from '../../src/facts/systemd/args-file.ts';
import { parseEnvironmentFile } from '../../src/facts/systemd/environment-file.ts';
import { globPaths } from '../../src/facts/systemd/glob.ts';
import { startedBy } from '../../src/facts/systemd/start.ts';
import { decodedDocument, parseStream } from '../../src/facts/yaml/documents.ts';
import { findExemption } from '../../src/policy/decision/exempt.ts';
import type { Exemption } from '../../src/policy/control.ts';
import type { Finding } from '../../src/policy/finding.ts';
import { fitWarnings, headerSafe } from '../../src/outputs/admission/header-text.ts';
import { escapeForTerminal, escapeLine } from '../../src/outputs/printable.ts';
import { growth, type Work } from '../support/doubling.ts';
import { PATHOLOGICAL } from '../support/pathological.ts';
import { hostOf } from './systemd/host.ts';

// A loaded machine can disturb a measurement. Work that is not linear fails every time.
jest.retryTimes(2, { logErrorsBeforeRetry: true });

const ALLOWANCE = { limits: { ...ADMISSION_LIMITS, milliseconds: Infinity }, now: () => 0 };

/** Work that spends steps of a budget and ends when the budget ends. */
function spending<T>(make: (length: number) => T, read: (input: T, budget: Budget) => unknown): Work {
  return (length) => {
    const input = make(length);
    return () => {
      const budget = new Budget(ALLOWANCE);
      try {
        read(input, budget);
      } catch (cause) {
        if (!(cause instanceof Exhausted)) throw cause;
      }
      return budget.spent;
    };
  };
}

/** Work without a budget. */
function free<T>(make: (length: number) => T, read: (input: T) => unknown): Work {
  return (length) => {
    const input = make(length);
    return () => {
      read(input);
      return undefined;
    };
  };
}

type Text = (length: number) => string;

const text =
  (start: string, part: string, end = ''): Text =>
  (length) =>
    start + part.repeat(Math.ceil(length / part.length)) + end;

const lines =
  (start: string, line: (at: number) => string, end = ''): Text =>
  (length) =>
    start + Array.from({ length: Math.ceil(length / (line(0).length + 3)) }, (_, at) => line(at)).join('') + end;

/** Parts that are costly for some reader if they are repeated. */
const PARTS = [
  ...[
    ' ',
    '\t',
    '\n',
    '\r\n',
    '\\',
    '\\\n',
    '"',
    "'",
    '""',
    '#',
    ';',
    '%',
    '$',
    '$$',
    '${',
    '$(',
    '${A} ',
    '$(A)',
    '{$',
  ],
  ...[
    'a',
    'A',
    '0',
    '9',
    '-',
    '_',
    '.',
    '/',
    ':',
    '=',
    ',',
    '@',
    '*',
    '[',
    ']',
    '!',
    '|',
    '+',
    'é',
    '\u{1f600}',
    '\u200b',
  ],
  ...[
    'a ',
    'a,',
    'a=b,',
    'a=b ',
    'a.',
    'a-',
    'a/',
    '0_',
    '1ns',
    '1-',
    'a:NoSchedule,',
    '0:memory=1,',
    '"a",',
    '-0',
    '0x',
  ],
];

const TEXTS: readonly (readonly [string, Text])[] = PARTS.flatMap((part) =>
  [['', ''] as const, ['a', '!'] as const].map(
    ([start, end]) => [JSON.stringify([start, part, end]), text(start, part, end)] as const,
  ),
);

function faults(works: Iterable<readonly [string, Work]>): string[] {
  return Array.from(works).flatMap(([name, work]) => {
    const grown = growth(work);
    return grown === undefined ? [] : [`${name}: ${grown}`];
  });
}

/** Readers of one text. Each reads all texts. */
const READERS: Readonly<Record<string, (make: Text) => Work>> = {
  '$(VAR) expansion': (make) =>
    spending(make, (input, budget) => expand(input, { values: new Map([['A', 'b']]), open: false }, budget)),
  'node labels': (make) => free(make, (input) => nodeLabelsFault([input])),
  'a key of a label': (make) => free(make, isQualifiedName),
  'a value of a label': (make) => free(make, isLabelValue),
  'an image': (make) => free(make, programOf),
  'the words of a process': (make) =>
    free(make, (input) => processComponent({ argv: [input], exe: '/usr/bin/kubelet' })),
  'a file of arguments': (make) => spending(make, (input, budget) => argsOfFile(input, new Map([['A', 'b']]), budget)),
  'an environment file': (make) => free(make, parseEnvironmentFile),
  'a unit': (make) =>
    spending(make, (input, budget) => started(`[Service]\n${input}\nExecStart=/usr/bin/kubelet\n`, budget)),
  'the command of a unit': (make) =>
    spending(make, (input, budget) => started(`[Service]\nExecStart=/usr/bin/kubelet ${input}\n`, budget)),
  'the environment of a unit': (make) =>
    spending(make, (input, budget) =>
      started(`[Service]\nEnvironment=A=${input}\nExecStart=/usr/bin/kubelet $A \${A}\n`, budget),
    ),
  'the environment file of a unit': (make) =>
    spending(make, (input, budget) =>
      started('[Service]\nEnvironmentFile=/e\nExecStart=/usr/bin/kubelet $A\n', budget, { '/e': `A=${input}` }),
    ),
  'the environment files that a unit names': (make) =>
    spending(make, (input, budget) => started(`[Service]\nEnvironmentFile=/${input}\nExecStart=/x\n`, budget)),
  'a configuration of a component in a ConfigMap': (make) => spending(make, readComponentConfiguration),
  documents: (make) =>
    spending(make, (input, budget) =>
      recogniseAll(
        parseStream(input, budget).filter((entry) => 'value' in entry),
        () => ({
          source: { path: 'x', document: 0 },
          vantage: 'declared',
          budget,
        }),
      ),
    ),
  'a header': (make) => free(make, headerSafe),
  warnings: (make) => free(make, (input) => fitWarnings(input.split('a'))),
  'text for a terminal': (make) => free(make, escapeForTerminal),
  'a line for a terminal': (make) => free(make, escapeLine),
  'names that are exempted': (make) => free(make, (input) => findExemption(EXEMPTIONS, findingOf(input), '2026-11-27')),
};

const EXEMPTIONS: Exemption[] = ['pod/*a*', 'pod/a*/*-', '*/*'].map((subject) => ({
  ...{ control: 'kubelet-client-ca', subject, reason: 'a test', expires: '2099-01-01' },
}));

function findingOf(name: string): Finding {
  const control = { slug: 'kubelet-client-ca' };
  return { control, subject: { kind: 'Pod', namespace: name, name, node: name } } as unknown as Finding;
}

function started(unit: string, budget: Budget, files: Readonly<Record<string, string>> = {}) {
  return startedBy('kubelet.service', hostOf({ '/etc/systemd/system/kubelet.service': unit, ...files }), budget);
}

describe('twice the text takes about twice the time:', () => {
  test.each(Object.entries(READERS))('%s', (_name, reader) => {
    expect(faults(TEXTS.map(([name, make]) => [name, reader(make)]))).toEqual([]);
  });

  test.each([...KNOWN_TYPES])('a flag of the type %s', (type) => {
    expect(faults(TEXTS.map(([name, make]) => [name, free(make, (input) => faultOf(type, input, undefined))]))).toEqual(
      [],
    );
  });
});

const KUBELET = 'KubeletConfiguration';

function fields(length: number, value: (at: number) => unknown, name = 'k'): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: Math.ceil(length / 10) }, (_, at) => [`${name}${at}`, value(at)]));
}

function list<T>(length: number, value: (at: number) => T): T[] {
  return Array.from({ length: Math.ceil(length / 10) }, (_, at) => value(at));
}

/** Readers of many items. */
const MANY: Readonly<Record<string, Work>> = {
  'unknown fields': free(
    (length) => fields(length, () => 1),
    (value) => findMismatch(KUBELET, value),
  ),
  'fields in other case': free(
    (length) => fields(length, () => 1, 'CLUSTERDNS'),
    (value) => findMismatch(KUBELET, value, { anyCase: true }),
  ),
  'a map': free(
    (length) => ({ evictionHard: fields(length, () => '1') }),
    (value) => findMismatch(KUBELET, value),
  ),
  'a list': free(
    (length) => ({ clusterDNS: list(length, () => 'a') }),
    (value) => findMismatch(KUBELET, value),
  ),
  'the known items of a list': free(
    (length) => ({ clusterDNS: list(length, () => 'a') }),
    (value) => keepKnown(KUBELET, value),
  ),
  'a merge patch': spending(
    (length) => fields(length, () => ({ a: 1 })),
    (value, budget) => mergePatch(value, value, budget),
  ),
  'a merge patch that deletes': spending(
    (length) => [fields(length, () => 1), fields(length, () => null)] as const,
    ([target, patch], budget) => mergePatch(target, patch, budget),
  ),
  'many files for a pattern': spending(
    (length) => list(length, (at) => `file-${at}-aaaaaaaaaaaaaaaa`),
    (names, budget) => globPaths('/d/*a*a*[!b]*b', () => names, budget),
  ),
  'variables that name others': spending(
    (length) => ({ env: list(length, (at) => ({ name: `A${at}`, value: `$(A${at - 1})` })) }),
    environmentOf,
  ),
  'environment files': spending(
    (length) => lines('[Service]\n', (at) => `EnvironmentFile=/e${at}\n`, 'ExecStart=/x\n')(length),
    (unit, budget) => started(unit, budget, { '/e1': 'A=b' }),
  ),
  'settings of the environment': spending(
    (length) => lines('[Service]\n', (at) => `Environment=A${at}=b\n`, 'ExecStart=/x $A1\n')(length),
    started,
  ),
  'settings that are unset': spending(
    (length) =>
      lines('[Service]\n', (at) => `Environment=A${at}=b\nUnsetEnvironment=A${at}\n`, 'ExecStart=/x\n')(length),
    started,
  ),
  commands: spending(
    (length) => lines('[Service]\nType=oneshot\n', () => 'ExecStart=/usr/bin/kubelet --v=2\n')(length),
    started,
  ),
  'words of a command': spending(
    (length) => lines('[Service]\nExecStart=/usr/bin/kubelet', (at) => ` --v=${at}`, '\n')(length),
    started,
  ),
  sections: spending((length) => lines('', () => '[Service]\n', 'ExecStart=/x\n')(length), started),
  'arguments of kubeadm': spending(
    (length) =>
      lines(
        'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\napiServer:\n  extraArgs:\n',
        (at) => `  - {name: a${at}, value: b}\n`,
      )(length),
    (document, budget) =>
      recogniseAll(
        parseStream(document, budget).filter((entry) => 'value' in entry),
        () => ({ source: { path: 'x', document: 0 }, vantage: 'declared', budget }),
      ),
  ),
  'arguments of kubeadm in a map': spending(
    (length) =>
      lines(
        'apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\napiServer:\n  extraArgs:\n',
        (at) => `    a${at}: b\n`,
      )(length),
    (document, budget) =>
      recogniseAll(
        parseStream(document, budget).filter((entry) => 'value' in entry),
        () => ({ source: { path: 'x', document: 0 }, vantage: 'declared', budget }),
      ),
  ),
  'documents of a component': spending(
    (length) => lines('', (at) => `---\nkind: A${at}\n`)(length),
    readComponentConfiguration,
  ),
  'labels of a node': free((length) => list(length, (at) => `a${at}=b`), nodeLabelsFault),
  'words of a process': free(
    (length) => list(length, (at) => `--a${at}`),
    (argv) => processComponent({ argv: ['kubelet', ...argv] }),
  ),
};

test.each(Object.entries(MANY))('twice as many take about twice the time: %s', (_name, work) => {
  expect(growth(work)).toBeUndefined();
});

test.each(PATHOLOGICAL.map((pod) => [pod.name, pod] as const))(
  'the time for a pod is in proportion to its steps: %s',
  (_name, pod) => {
    const work = spending(
      (length) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: { containers: pod.containers(length) },
      }),
      (value, budget) => recognise(decodedDocument(value), { source: { object: 'Pod p' }, vantage: 'running', budget }),
    );
    expect(growth(work)).toBeUndefined();
  },
);
