import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { GAP, HOLE } from '../../../src/facts/argv/words.ts';
import { startedBy } from '../../../src/facts/systemd/start.ts';
import { hostOf, layout, recorded } from './host.ts';
import { ample } from '../../support/budget.ts';

const UNIT = '/etc/systemd/system/kubelet.service';

/** The words of all commands, or the reason why the unit does not start. */
function wordsOf(files: Readonly<Record<string, string | undefined>>, unit = 'kubelet.service'): unknown {
  const start = startedBy(unit, hostOf(files), ample());
  return start.state === 'starts' ? start.commands.map((words) => words.map(({ text }) => text)).flat() : start;
}

/** A unit with these lines in its section [Service]. */
function service(...lines: readonly string[]): string {
  return ['[Service]', ...lines, ''].join('\n');
}

interface Recorded {
  readonly files: Readonly<Record<string, string>>;
  /** Null if systemd rejects the unit. */
  readonly words: readonly string[] | null;
}

test('generated units, drop-ins and environment files give the words that systemd 252 gives', () => {
  const cases = recorded('recorded.jsonl') as readonly Recorded[];
  const different = cases.filter(({ files, words }) => {
    const start = startedBy('kubelet.service', hostOf(files), ample());
    // for `@`, systemd shows the first argument, not the program
    const given = start.state === 'starts' ? start.commands.flat().map(({ text }) => text) : null;
    return JSON.stringify(given?.slice(1)) !== JSON.stringify(words?.slice(1));
  });

  expect(different).toEqual([]);
  expect(cases.length).toBe(400);
  expect(cases.filter(({ words }) => words === null).length).toBeGreaterThan(20);
});

describe('the units of distributions give the words that systemd 252 gives:', () => {
  const layouts = recorded('layouts.jsonl') as readonly { layout: string; unit: string; words: readonly string[] }[];

  test.each(layouts)('$layout', ({ layout: name, unit, words }) => {
    expect(wordsOf(layout(name), unit)).toEqual(words);
  });

  test.each([
    ['kubeadm-deb', '--client-ca-file='],
    ['kubeadm-rpm', '--config=/var/lib/kubelet/config.yaml'],
    ['eks-al2', '--max-pods=29'],
    ['eks-nodeadm', '--config-dir=/etc/kubernetes/kubelet/config.json.d'],
    ['aks', '/etc/default/kubeletconfig.json'],
    ['aks-script', '/opt/azure/containers/start-kubelet.sh'],
    ['gke', '/home/kubernetes/kubelet-config.yaml'],
    ['openshift', '--v=2'],
    ['hard-way', '--kubelet-client-key=/var/lib/kubernetes/kube-api-server.key'],
  ])('%s has the word %s', (name, word) => {
    const unit = layouts.find((each) => each.layout === name)?.unit;
    expect(wordsOf(layout(name), unit)).toContain(word);
  });

  test('kOps passes all its arguments as one word, which is split because quotes do not reach the expansion', () => {
    expect(wordsOf(layout('kops'))).toContain('--config=/var/lib/kubelet/kubelet.conf');
  });
});

describe('with several unit files and drop-ins', () => {
  const at = (directory: string, name = 'kubelet.service') => `${directory}/systemd/system/${name}`;

  test('the unit of the first directory is used', () => {
    const files = {
      [at('/usr/lib')]: service('ExecStart=/usr/lib/kubelet'),
      [at('/lib')]: service('ExecStart=/lib/kubelet'),
      [at('/run')]: service('ExecStart=/run/kubelet'),
    };
    expect(wordsOf(files)).toEqual(['/run/kubelet']);
    expect(wordsOf({ ...files, [at('/etc')]: service('ExecStart=/etc/kubelet') })).toEqual(['/etc/kubelet']);
  });

  test('the drop-in with the last name decides, whatever its directory is', () => {
    const files = {
      [at('/etc')]: service('ExecStart=/kubelet'),
      [at('/etc', 'kubelet.service.d/10-a.conf')]: service('ExecStart=', 'ExecStart=/kubelet 10'),
      [at('/usr/lib', 'kubelet.service.d/20-b.conf')]: service('ExecStart=', 'ExecStart=/kubelet 20'),
    };
    expect(wordsOf(files)).toEqual(['/kubelet', '20']);
  });

  test('an empty drop-in, or a link to /dev/null, hides drop-ins of the same name', () => {
    const files = {
      [at('/etc')]: service('ExecStart=/kubelet'),
      [at('/etc', 'kubelet.service.d/10-a.conf')]: '',
      [at('/usr/lib', 'kubelet.service.d/10-a.conf')]: service('ExecStart=', 'ExecStart=/kubelet 10'),
      [at('/usr/lib', 'kubelet.service.d/10-a.conf~')]: service('ExecStart=', 'ExecStart=/kubelet no'),
    };
    expect(wordsOf(files)).toEqual(['/kubelet']);
  });

  test('drop-ins of a name prefix and of all services count too', () => {
    const files = {
      '/etc/systemd/system/kube-apiserver.service': service('ExecStart=/kube-apiserver $A $B $C'),
      '/etc/systemd/system/kube-.service.d/10.conf': service('Environment=A=prefix B=prefix'),
      '/etc/systemd/system/service.d/20.conf': service('Environment=B=all'),
      '/etc/systemd/system/kube.service.d/30.conf': service('Environment=C=no'),
    };
    expect(wordsOf(files, 'kube-apiserver.service')).toEqual(['/kube-apiserver', 'prefix', 'all']);
  });
});

describe('a unit that does not start', () => {
  test.each<[string, Record<string, string | undefined>, unknown]>([
    ['missing', {}, { state: 'missing' }],
    [
      'masked',
      { [UNIT]: '', '/lib/systemd/system/kubelet.service': service('ExecStart=/k') },
      { state: 'masked', file: UNIT },
    ],
    ['unreadable', { [UNIT]: undefined }, expect.objectContaining({ state: 'unreadable' })],
    [
      'without a command',
      { [UNIT]: service('Environment=A=1') },
      { state: 'refused', reason: 'the unit has no ExecStart=' },
    ],
    [
      'with two commands, because the drop-in does not reset the first one',
      {
        [UNIT]: service('ExecStart=/k'),
        '/etc/systemd/system/kubelet.service.d/10.conf': service('ExecStart=/k --client-ca-file=x'),
      },
      { state: 'refused', reason: expect.stringContaining('more than one ExecStart=') },
    ],
    [
      'without a required environment file',
      { [UNIT]: service('EnvironmentFile=/etc/eks/environment', 'ExecStart=/k $A') },
      { state: 'refused', reason: expect.stringContaining('/etc/eks/environment does not exist') },
    ],
    [
      'with an open quote',
      { [UNIT]: service('ExecStart=/k "a') },
      { state: 'refused', reason: `${UNIT}:2: a section header or a quote has no end` },
    ],
  ])('%s', (_name, files, expected) => {
    expect(startedBy('kubelet.service', hostOf(files), ample())).toEqual(expected);
  });

  test('two commands of a oneshot do start', () => {
    expect(wordsOf({ [UNIT]: service('Type=oneshot', 'ExecStart=/k 1', 'ExecStart=/k 2') })).toEqual([
      '/k',
      '1',
      '/k',
      '2',
    ]);
  });
});

describe('a gap in what is known:', () => {
  test('an unreadable file is a gap in the words that it may change', () => {
    const files = {
      [UNIT]: service(
        'Environment=A=1 B=2',
        'EnvironmentFile=-/etc/default/secret',
        'EnvironmentFile=-/etc/default/open',
        'ExecStart=/k $A ${B} --c=${C} $UNSET',
      ),
      '/etc/default/secret': undefined,
      '/etc/default/open': 'B=3\n',
    };
    const start = startedBy('kubelet.service', hostOf(files), ample());

    expect(wordsOf(files)).toEqual(['/k', GAP, '3', `--c=${HOLE}`, GAP]);
    expect(start).toMatchObject({ state: 'starts', environment: { open: true } });
    const problem = { code: 'forbidden', message: expect.stringContaining('/etc/default/secret cannot be read') };
    expect(start.state === 'starts' && start.commands[0]).toMatchObject([
      {},
      { problem },
      {},
      { problem },
      { problem },
    ]);
  });

  test.each([
    ['PassEnvironment=A', 'passes the variable A on'],
    ['ExecStartPre=/bin/bash -c "systemctl set-environment A=$(ip a)"', 'sets the variable A by a command'],
    ['Environment=A=%H', 'a specifier whose value'],
    ['Environment=B=x', 'systemd itself sets the variable HOME', '$HOME'],
  ])('%s is a gap, with the reason', (line, reason, word = '$A') => {
    const start = startedBy('kubelet.service', hostOf({ [UNIT]: service(line, `ExecStart=/k ${word}`) }), ample());

    expect(start.state === 'starts' && start.commands[0]?.[1]).toMatchObject({
      holes: true,
      problem: { code: 'unresolved', message: expect.stringContaining(reason) },
    });
  });

  test('an unset variable is no gap, and neither is one that is assigned later', () => {
    const files = {
      [UNIT]: service(
        'PassEnvironment=A',
        'Environment=A=1',
        'UnsetEnvironment=B',
        'Environment=B=2',
        'ExecStart=/k $A $B $C',
      ),
    };
    expect(wordsOf(files)).toEqual(['/k', '1']);
  });

  test("the variables of systemd's own configuration count", () => {
    const files = {
      [UNIT]: service('Environment=B=unit', 'ExecStart=/k $A $B'),
      '/etc/systemd/system.conf': '[Manager]\nDefaultEnvironment=A=conf B=conf\n',
      '/etc/systemd/system.conf.d/10.conf': '[Manager]\nDefaultEnvironment=A=drop-in\n',
    };
    expect(wordsOf(files)).toEqual(['/k', 'drop-in', 'unit']);
  });

  test('an unreadable drop-in or directory of drop-ins is a doubt about all words', () => {
    const files = {
      [UNIT]: service('ExecStart=/k'),
      '/etc/systemd/system/kubelet.service.d/10.conf': undefined,
      '/run/systemd/system/kubelet.service.d/': undefined,
    };
    expect(startedBy('kubelet.service', hostOf(files), ample())).toMatchObject({
      state: 'starts',
      doubts: [
        { code: 'forbidden', message: '/run/systemd/system/kubelet.service.d cannot be read' },
        { code: 'forbidden', message: '/etc/systemd/system/kubelet.service.d/10.conf cannot be read' },
      ],
    });
  });

  test.each([
    ['RootDirectory=/srv', 'not-visible'],
    ['EnvironmentFile=/etc/joined', 'ambiguous'],
  ])('%s is a doubt about all words', (line, code) => {
    const files = { [UNIT]: service(line, 'ExecStart=/k $A'), '/etc/joined': '# comment \\\nA=1\n' };
    expect(startedBy('kubelet.service', hostOf(files), ample())).toMatchObject({ state: 'starts', doubts: [{ code }] });
  });
});

test.each([
  ['', '/'],
  ['WorkingDirectory=/var/lib', '/var/lib'],
  ['WorkingDirectory=-/var/lib', '/var/lib'],
  ['WorkingDirectory=~', undefined],
  ['WorkingDirectory=/%H', undefined],
])('%s: relative paths start at %s', (line, workingDirectory) => {
  const start = startedBy('kubelet.service', hostOf({ [UNIT]: service(line, 'ExecStart=/k') }), ample());
  expect(start).toMatchObject({ state: 'starts', workingDirectory });
});

describe('a hostile file', () => {
  const part = fc.constantFrom(
    ...Array.from('[]=\\"\'$%{};#\n\r\t \0AB/-@:*?aSET'),
    '[Service]\n',
    'ExecStart=',
    'EnvironmentFile=/e*',
  );

  test('never throws an exception', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), fc.array(part, { maxLength: 40 }), (unit, file) => {
        const files = { [UNIT]: `[Service]\nEnvironmentFile=-/e\nExecStart=/k ${unit.join('')}`, '/e': file.join('') };
        const start = startedBy('kubelet.service', hostOf(files), ample());
        expect(['starts', 'refused']).toContain(start.state);
      }),
    );
  });

  test.each([
    ['spaces', (length: number) => `ExecStart=/k a${' '.repeat(length)}b`],
    ['backslashes', (length: number) => `ExecStart=/k ${'\\'.repeat(length)}b`],
    ['continuations', (length: number) => `ExecStart=/k ${'a\\\n'.repeat(length / 3)}b`],
    ['semicolons', (length: number) => `Type=oneshot\nExecStart=${'/k ; '.repeat(length / 5)}`],
    ['braces', (length: number) => `ExecStart=/k ${'${'.repeat(length / 2)}`],
    ['words', (length: number) => `Environment="A=${'b '.repeat(length / 2)}"\nExecStart=/k $A`],
    ['assignments', (length: number) => 'Environment=A=1\n'.repeat(length / 16) + 'ExecStart=/k'],
  ])('with many %s takes time in proportion', (_name, text) => {
    const started = performance.now();
    const start = startedBy('kubelet.service', hostOf({ [UNIT]: service(text(2_000_000)) }), ample());

    expect(start.state).toBe('starts');
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
