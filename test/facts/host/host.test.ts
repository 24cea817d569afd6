import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { changedSince, componentsOf, helloTarget, nodeOf, processSubjects } from '../../../src/facts/host/host.ts';
import { isContainer, startingUnit, unitOf } from '../../../src/facts/host/stopped.ts';
import type { ProcessDocument } from '../../../src/policy/document.ts';
import type { Reading } from '../../../src/policy/reading.ts';
import type { ApiServer, Kubelet } from '../../../src/policy/subject.ts';
import { AFTER, configuration, dropIn, filesOf, processOf, STARTED, type HostFile } from './documents.ts';
import { AMPLE, ample } from '../../support/budget.ts';

const CONFIG = '/var/lib/kubelet/config.yaml';
const FOLDER = '/etc/kubelet.d';

function kubelet(document: ProcessDocument): Kubelet | undefined {
  const [subject] = processSubjects(document, ample());
  return subject?.component === 'kubelet' ? subject : undefined;
}

function apiServer(document: ProcessDocument): ApiServer | undefined {
  const [subject] = processSubjects(document, ample());
  return subject?.component === 'kube-apiserver' ? subject : undefined;
}

/** The value, or the state or the code of the problem. */
function shown<T>(reading: Reading<T> | undefined): T | string | undefined {
  if (reading?.state === 'set') return reading.value;
  return reading?.state === 'unreadable' ? reading.problem.code : reading?.state;
}

function next(document: ProcessDocument): ProcessDocument {
  return { ...document, view: 'next' };
}

describe('a running kubelet', () => {
  test('has the settings of its file, its drop-ins and its flags', () => {
    const files = { [CONFIG]: configuration('pki/ca.crt'), [`${FOLDER}/10-a.conf`]: dropIn('/drop-in.crt') };
    expect(shown(kubelet(processOf('kubelet', [`--config=${CONFIG}`], files))?.clientCAFile)).toBe(
      '/var/lib/kubelet/pki/ca.crt',
    );
    const args = [`--config`, CONFIG, `--config-dir=${FOLDER}`];
    expect(shown(kubelet(processOf('kubelet', args, files))?.clientCAFile)).toBe('/drop-in.crt');
    expect(shown(kubelet(processOf('kubelet', [...args, '--client-ca-file='], files))?.clientCAFile)).toBe('');
    expect(kubelet(processOf('kubelet', args, files))).toMatchObject({
      vantage: 'on-node',
      surface: 'process',
      doubts: [],
    });
  });

  test('has its settings also if it breaks a rule that upstream checks and that does not concern them', () => {
    const args = [`--config=${CONFIG}`, '--node-labels=node-role.kubernetes.io/worker='];
    const files = { [CONFIG]: configuration('/ca.crt') };
    const found = kubelet(processOf('kubelet', args, files));
    expect(shown(found?.clientCAFile)).toBe('/ca.crt');
    expect(found?.refusal).toBeUndefined();
    expect(found?.doubts).toStrictEqual([]);
  });

  test('breaks the same rule at its next start, and another one ends it', () => {
    const label = '--node-labels=node-role.kubernetes.io/worker=';
    const changed = { text: configuration('/other.crt'), changed: AFTER };
    const kept = next(processOf('kubelet', [`--config=${CONFIG}`, label], { [CONFIG]: changed }));
    expect(shown(kubelet(kept)?.clientCAFile)).toBe('/other.crt');
    expect(kubelet(kept)?.refusal).toBeUndefined();
    const files = {
      [CONFIG]: configuration('/ca.crt'),
      '/etc/systemd/system/kubelet.service': `[Service]\nExecStart=/usr/bin/kubelet --config=${CONFIG} ${label}\n`,
    };
    const stopped = processOf('kubelet', { by: 'unit' }, files, { unit: 'kubelet.service' });
    expect(kubelet(next(stopped))?.refusal?.reason).toContain('must not set the label');
  });

  test('has the settings of its file also if the path has .. and a trailing slash', () => {
    const document = processOf('kubelet', ['--config=/var/lib/none/../kubelet/config.yaml/'], {
      [CONFIG]: configuration('/a'),
    });
    expect(shown(kubelet(document)?.clientCAFile)).toBe('/a');
  });

  test('ignores an unknown flag with a value, but is unknown if an unknown flag may take the next word', () => {
    const files = { [CONFIG]: configuration('/a') };
    const known = kubelet(processOf('kubelet', ['--vendor-flag=x', '--other', 'y', `--config=${CONFIG}`], files));
    expect([shown(known?.clientCAFile), known?.doubts]).toStrictEqual(['/a', []]);
    const unclear = kubelet(processOf('kubelet', ['--vendor-flag', `--config=${CONFIG}`], files));
    expect(shown(unclear?.clientCAFile)).toBe('unknown-flag');
  });

  test('that could not have started with the files as they are now is unknown', () => {
    const subject = kubelet(processOf('kubelet', [`--config=${CONFIG}`], { [CONFIG]: 'kind: Pod' }));
    expect([subject?.refusal, shown(subject?.clientCAFile)]).toStrictEqual([undefined, 'ambiguous']);
  });

  test.each([['--version'], ['--help'], ['-h']])('that was started with %s is ignored', (flag) => {
    expect(kubelet(processOf('kubelet', [flag], {}))).toBeUndefined();
    expect(apiServer(processOf('kube-apiserver', [flag], {}))).toBeUndefined();
  });

  test('without a server is ignored', () => {
    const files = { [CONFIG]: configuration('/a', 'enableServer: false') };
    expect(kubelet(processOf('kubelet', [`--config=${CONFIG}`], files))).toBeUndefined();
  });

  test('has a doubt about all settings if a part of it cannot be read', () => {
    const problems = [{ code: 'forbidden', message: 'no' }] as const;
    expect(kubelet(processOf('kubelet', ['--client-ca-file=/a'], {}, { problems }))?.doubts).toStrictEqual(problems);
  });
});

describe('a file that was changed after the start', () => {
  const changed = (text: string): HostFile => ({ text, changed: AFTER });
  const args = [`--config=${CONFIG}`, `--config-dir=${FOLDER}`];
  const good = { [CONFIG]: configuration('/a'), [`${FOLDER}/a.conf`]: dropIn('/b') };

  test.each<[string, Readonly<Record<string, string | HostFile>>]>([
    ['the file of --config', { ...good, [CONFIG]: changed(configuration('/a')) }],
    ['a drop-in', { ...good, [`${FOLDER}/a.conf`]: changed(dropIn('/b')) }],
    ['the folder of drop-ins', { ...good, [`${FOLDER}/`]: changed('') }],
    [
      'a folder in the folder of drop-ins',
      { ...good, [`${FOLDER}/x/y.conf`]: dropIn('/c'), [`${FOLDER}/x/`]: changed('') },
    ],
    ['a file that is gone', { [`${FOLDER}/a.conf`]: dropIn('/b') }],
    ['a folder that is gone', { [CONFIG]: configuration('/a') }],
  ])('makes the running settings unknown, whatever it contains: %s', (_, files) => {
    const document = processOf('kubelet', args, files);
    const running = kubelet(document);
    expect(shown(running?.anonymousAuth)).toMatch(/ambiguous|not-found/);
    expect(kubelet(next(document))).toBeDefined();
  });

  test('does not change the value of a flag', () => {
    const files = { [CONFIG]: changed(configuration('')) };
    const subject = kubelet(processOf('kubelet', [`--config=${CONFIG}`, '--client-ca-file=/flag'], files));
    expect([shown(subject?.clientCAFile), shown(subject?.anonymousAuth)]).toStrictEqual(['/flag', 'ambiguous']);
  });

  test('counts for the next start, and the time of the change is known', () => {
    const document = processOf('kubelet', args, { ...good, [`${FOLDER}/a.conf`]: changed(dropIn('')) });
    expect(shown(kubelet(next(document))?.clientCAFile)).toBe('');
    expect(changedSince(document, AMPLE)).toBe(AFTER.toISOString());
  });

  test('that was deleted makes the next start fail', () => {
    const document = processOf('kubelet', args, { [`${FOLDER}/a.conf`]: dropIn('/b') });
    expect(kubelet(next(document))?.refusal?.reason).toContain('failed to read kubelet config file');
  });

  test('may be any file if the time of the start is unknown', () => {
    const { startedAt: _, ...document } = processOf('kubelet', args, good);
    expect(shown(kubelet(document)?.clientCAFile)).toBe('ambiguous');
    expect(shown(kubelet(next(document))?.clientCAFile)).toBe('/b');
  });

  test('is one that was changed more than 50 ms after the start', () => {
    const at = (milliseconds: number) => {
      const file = { text: configuration('/a'), changed: new Date(STARTED.getTime() + milliseconds) };
      return shown(kubelet(processOf('kubelet', [`--config=${CONFIG}`], { [CONFIG]: file }))?.clientCAFile);
    };
    expect([at(-1), at(0), at(50), at(51)]).toStrictEqual(['/a', '/a', '/a', 'ambiguous']);
  });

  test('is the only reason for findings about the next start', () => {
    expect(kubelet(next(processOf('kubelet', args, good)))).toBeUndefined();
  });

  test('never gives a running setting that did not exist at the start', () => {
    const file = fc.record({ text: fc.constantFrom('/a', '/b', '').map(configuration), isNew: fc.boolean() });
    fc.assert(
      fc.property(file, fc.array(file, { maxLength: 3 }), (config, dropIns) => {
        const files: Record<string, HostFile> = {};
        for (const [at, { text, isNew }] of [config, ...dropIns].entries()) {
          files[at === 0 ? CONFIG : `${FOLDER}/${at}.conf`] = { text, ...(isNew && { changed: AFTER }) };
        }
        const command = dropIns.length === 0 ? [`--config=${CONFIG}`] : args;
        const document = processOf('kubelet', command, files);
        const known = ['set', 'unset'].includes(kubelet(document)?.anonymousAuth?.state ?? '');
        expect(known).toBe(![config, ...dropIns].some(({ isNew }) => isNew));
        expect(kubelet(next(document)) === undefined).toBe(known);
      }),
    );
  });
});

describe('a unit', () => {
  const unit = (exec: string) => ({ '/etc/systemd/system/kubelet.service': `[Service]\nExecStart=${exec}\n` });
  const files = { [CONFIG]: configuration('/a'), ...unit(`/usr/bin/kubelet --config=${CONFIG} --client-ca-file=`) };

  test('that would start a kubelet in another way counts for the next start', () => {
    const document = processOf('kubelet', [`--config=${CONFIG}`], files, { unit: 'kubelet.service' });
    expect(shown(kubelet(document)?.clientCAFile)).toBe('/a');
    expect(shown(kubelet(next(document))?.clientCAFile)).toBe('');
  });

  test('of another name than that of the process does not count', () => {
    const document = processOf('kubelet', [`--config=${CONFIG}`], files, { unit: 'other.service' });
    expect(kubelet(next(document))).toBeUndefined();
  });

  test('that systemd does not start any more makes the next start fail', () => {
    const broken = { [CONFIG]: configuration('/a'), '/etc/systemd/system/kubelet.service': '[Service]\n' };
    const document = processOf('kubelet', [`--config=${CONFIG}`], broken, { unit: 'kubelet.service' });
    expect(kubelet(next(document))?.refusal?.reason).toContain('systemd does not start it');
  });

  test('with unknown words does not count; the process does', () => {
    const open = { [CONFIG]: configuration('/a'), ...unit(`/usr/bin/kubelet --config=${CONFIG} \${HOME}`) };
    const document = processOf('kubelet', [`--config=${CONFIG}`], open, { unit: 'kubelet.service' });
    expect(kubelet(next(document))).toBeUndefined();
  });

  test('shows what would be started if no kubelet runs', () => {
    expect(startingUnit('kubelet', filesOf(files), AMPLE)).toBe('kubelet.service');
    expect(startingUnit('kubelet', filesOf(unit('/bin/sleep 1')), AMPLE)).toBeUndefined();
    expect(startingUnit('kubelet', filesOf({}), AMPLE)).toBeUndefined();
    const stopped = processOf('kubelet', { by: 'unit' }, files, { unit: 'kubelet.service', view: 'next' });
    expect(shown(kubelet(stopped)?.clientCAFile)).toBe('');
    const hidden = processOf('kubelet', { by: 'unit' }, unit('/opt/start.sh'), {
      unit: 'kubelet.service',
      view: 'next',
    });
    expect(['unset', 'set', undefined]).not.toContain(kubelet(hidden)?.clientCAFile?.state);
  });

  test('that starts a kubelet through the script of OpenShift shows this kubelet', () => {
    const script = unit(`/usr/local/bin/kubenswrapper /usr/bin/kubelet --config=${CONFIG}`);
    const document = processOf(
      'kubelet',
      { by: 'unit' },
      { [CONFIG]: configuration('/a'), ...script },
      { unit: 'kubelet.service', view: 'next' },
    );
    expect(shown(kubelet(document)?.clientCAFile)).toBe('/a');
  });
});

describe('a kubelet inside another process', () => {
  const DIR = '/var/lib/rancher/k3s/agent/etc/kubelet.conf.d';
  const UNIT = {
    '/etc/systemd/system/k3s.service': "[Service]\nExecStart=/usr/local/bin/k3s server '--node-name' 'x'\n",
  };
  const k3s = (files: Readonly<Record<string, string | HostFile>>, unit = 'k3s.service') =>
    kubelet(
      processOf('kubelet', { by: 'k3s', dataDirectory: '/var/lib/rancher/k3s' }, { ...UNIT, ...files }, { unit }),
    );
  const good = { [`${DIR}/00-k3s-defaults.conf`]: dropIn('/k3s/ca.crt') };

  test('has the settings of the folder that k3s gives it', () => {
    const subject = k3s(good);
    expect([shown(subject?.clientCAFile), subject?.doubts]).toStrictEqual(['/k3s/ca.crt', []]);
  });

  test('has the settings of files that k3s writes in its first five minutes', () => {
    const at = (minutes: number) => ({ text: dropIn('/a'), changed: new Date(STARTED.getTime() + minutes * 60_000) });
    expect(shown(k3s({ [`${DIR}/00-k3s-defaults.conf`]: at(4) })?.clientCAFile)).toBe('/a');
    expect(shown(k3s({ [`${DIR}/00-k3s-defaults.conf`]: at(6) })?.clientCAFile)).toBe('ambiguous');
  });

  test('has doubts if no unit shows the flags of k3s', () => {
    expect(k3s(good, 'other.service')?.doubts).toMatchObject([{ code: 'not-visible' }]);
    expect(shown(k3s({}, 'other.service')?.clientCAFile)).toBe('not-visible');
  });

  test('of microk8s has the settings of its file of arguments', () => {
    const path = '/var/snap/microk8s/1/args/kubelet';
    const command = { by: 'args-file', path, variables: new Map([['SNAP_DATA', '/snap/1']]) } as const;
    const text = '# flags\n--client-ca-file=${SNAP_DATA}/certs/ca.crt\n--anonymous-auth=false\n';
    const subject = kubelet(processOf('kubelet', command, { [path]: text }));
    expect([shown(subject?.clientCAFile), shown(subject?.anonymousAuth)]).toStrictEqual([
      '/snap/1/certs/ca.crt',
      false,
    ]);
    const changed = processOf('kubelet', command, { [path]: { text, changed: AFTER } });
    expect(shown(kubelet(changed)?.clientCAFile)).toBe('ambiguous');
    expect(shown(kubelet(next(changed))?.clientCAFile)).toBe('/snap/1/certs/ca.crt');
    expect(shown(kubelet(processOf('kubelet', command, {}))?.clientCAFile)).toBe('not-found');
  });
});

describe('a running kube-apiserver', () => {
  const args = ['--kubelet-client-certificate=/a.crt', '--kubelet-client-key=/a.key'];

  test('has the settings of its command line', () => {
    const subject = apiServer(processOf('kube-apiserver', [...args, '--vendor=1'], {}));
    expect([shown(subject?.kubeletClientCertificate), shown(subject?.kubeletClientKey)]).toStrictEqual([
      '/a.crt',
      '/a.key',
    ]);
    expect([shown(subject?.kubeletCertificateAuthority), subject?.doubts]).toStrictEqual(['unset', []]);
  });

  test('of OpenShift has the settings of its configuration file before those of its command line', () => {
    const path = '/etc/config.yaml';
    const text = JSON.stringify({
      kind: 'KubeAPIServerConfig',
      apiServerArguments: { 'kubelet-client-certificate': ['/file.crt'], 'kubelet-client-key': [''] },
    });
    const subject = apiServer(processOf('kube-apiserver', [...args, `--openshift-config=${path}`], { [path]: text }));
    expect([shown(subject?.kubeletClientCertificate), shown(subject?.kubeletClientKey)]).toStrictEqual([
      '/file.crt',
      '',
    ]);
    for (const file of [{}, { [path]: 'kind: Pod' }, { [path]: { text, changed: AFTER } }]) {
      const unknown = apiServer(processOf('kube-apiserver', [...args, `--openshift-config=${path}`], file));
      expect(unknown?.kubeletClientKey.state).toBe('unreadable');
    }
  });

  test('is unknown if it overwrote its command line, or runs inside another process', () => {
    const [titled] = componentsOf({ argv: ['kube-apiserver --x '], variables: new Map() });
    const carried = componentsOf({ argv: ['k3s', 'server'], variables: new Map() }).find(
      ({ component }) => component === 'kube-apiserver',
    );
    for (const command of [titled?.command, carried?.command]) {
      if (command === undefined) throw new Error('no component was found');
      const subject = apiServer(processOf('kube-apiserver', command, {}));
      expect(shown(subject?.kubeletClientKey)).toBe('not-visible');
    }
  });
});

describe('the address, name and unit:', () => {
  test.each([
    [[], { address: '127.0.0.1', port: 10250 }],
    [['--address=10.0.0.4', '--port=0'], { address: '10.0.0.4', port: 10250 }],
    [['--address=::', '--port=10260'], { address: '::1', port: 10260 }],
    [[`--config=${CONFIG}`], { address: '10.1.1.1', port: 10300 }],
    [[`--config=${CONFIG}`, '--address=0.0.0.0'], { address: '127.0.0.1', port: 10300 }],
  ])('a kubelet with %j is asked at %j', (args, expected) => {
    const text = configuration('/a', 'address: 10.1.1.1', 'port: 10300');
    expect(helloTarget(processOf('kubelet', args, { [CONFIG]: text }), AMPLE)).toStrictEqual(expected);
  });

  test('a control group shows the unit and the container', () => {
    const id = 'a'.repeat(64);
    expect(unitOf('/system.slice/kubelet.service')).toBe('kubelet.service');
    expect(unitOf('/kubepods/kubelet.service/x')).toBeUndefined();
    expect(unitOf(undefined)).toBeUndefined();
    expect([isContainer(`/docker/${id}/kubelet.slice/kubelet.service`), isContainer('/system.slice')]).toStrictEqual([
      true,
      false,
    ]);
  });

  test('a process belongs to the kubelet with the nearest control group', () => {
    const kubelets = [
      { cgroup: '/docker/1/kubelet.slice/kubelet.service', node: 'one' },
      { cgroup: '/docker/2/kubelet.slice/kubelet.service', node: 'two' },
    ];
    expect(nodeOf('/docker/2/kubelet.slice/pods/x', kubelets)).toBe('two');
    expect(nodeOf('/user.slice', kubelets)).toBeUndefined();
    expect(nodeOf(undefined, kubelets.slice(0, 1))).toBe('one');
    expect(nodeOf('/docker/2', [])).toBeUndefined();
  });
});
