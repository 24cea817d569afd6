import { describe, expect, test } from '@jest/globals';

import { controls } from '../../../src/controls/index.ts';
import { auditNode } from '../../../src/commands/node/audit.ts';
import { changedSince } from '../../../src/facts/host/host.ts';
import { inspect } from '../../../src/inspect.ts';
import type { GuardReport } from '../../../src/outputs/guard-report.ts';
import type { ProcessDocument } from '../../../src/policy/document.ts';
import { AFTER, BEFORE, configuration, processOf, type HostFile } from '../../facts/host/documents.ts';
import { AMPLE } from '../../support/budget.ts';
import { rendered } from '../../support/rendered.ts';

const CONFIG = '/var/lib/kubelet/config.yaml';
const PAIR = ['--kubelet-client-certificate=/a.crt', '--kubelet-client-key=/a.key'];
const REST = ['--kubelet-certificate-authority=/ca.crt', '--allow-privileged=true'];

async function audit(documents: readonly ProcessDocument[]) {
  const { output, errors, exitCode } = rendered(
    await auditNode(
      {
        byHost: true,
        places: 'nowhere',
        exemptions: [],
        failOn: 'unknown',
      },
      {
        inspect: (document) => inspect(controls, [document], AMPLE),
        processes: () => documents,
        ask: () => undefined,
        changedSince: (process) => changedSince(process, AMPLE),
        runId: 'run',
        now: () => new Date('2026-03-02T00:00:00Z'),
      },
    ),
  );
  const { findings } = JSON.parse(output) as GuardReport;
  const next = findings.map(({ control, result, otherEvidence = [] }) => {
    const pending = otherEvidence.find((other) => other.pending);
    const codes = [...(pending?.violations ?? []), ...(pending?.problems ?? [])].map(({ code }) => code);
    return [control, result, ...(pending ? [pending.result, ...codes] : [])].join(' ');
  });
  return { next, errors, exitCode };
}

/** A kube-apiserver that runs with good settings, and its unit as it is now. */
function apiServer(exec: string, changed: Date, files: Readonly<Record<string, string | HostFile>> = {}) {
  const unit = { text: `[Service]\nExecStart=${exec}\n`, changed };
  return processOf(
    'kube-apiserver',
    [...PAIR, ...REST],
    { '/etc/systemd/system/kube-apiserver.service': unit, ...files },
    { unit: 'kube-apiserver.service' },
  );
}

const line = (...words: readonly string[]) => ['/usr/bin/kube-apiserver', ...words].join(' \\\n  ');

describe('a kube-apiserver that runs well', () => {
  test('has nothing pending if its unit starts the same', async () => {
    const { next, exitCode } = await audit([apiServer(line(...PAIR, ...REST), AFTER)]);
    expect([next, exitCode]).toStrictEqual([['apiserver-kubelet-client-cert pass', 'apiserver-kubelet-ca pass'], 0]);
  });

  test.each([
    ['one dash', line(PAIR[0] ?? '', '-kubelet-client-key=/a.key', ...REST)],
    ['lines that end in two backslashes', ['/usr/bin/kube-apiserver', ...PAIR, ...REST].join(' \\\\\n  ')],
    ['a positional argument', line(...PAIR, ...REST, '--allow-privileged true')],
    ['a flag without its argument', line(...PAIR, ...REST, '--service-cluster-ip-range')],
    ['three dashes', line(...PAIR, ...REST, '---v=2')],
    ['a text where a flag takes a number', line(...PAIR, ...REST, '--secure-port=https')],
    ['a flag with which it only prints', line(...PAIR, ...REST, '--version')],
    ['more than one ExecStart', `${line(...PAIR)}\nExecStart=/bin/true`],
    ['an environment file that is missing', `${line(...PAIR, ...REST)}\nEnvironmentFile=/etc/none`],
  ])('fails with its next start if its unit has %s', async (_, exec) => {
    const { next, errors, exitCode } = await audit([apiServer(exec, AFTER)]);
    expect(next[0]).toBe('apiserver-kubelet-client-cert pass fail would-not-start');
    expect([exitCode, errors[0]]).toStrictEqual([
      1,
      'apiserver-kubelet-client-cert of node-1 fails with the next start of kube-apiserver, which counts as a violation',
    ]);
  });

  test.each([
    ['a script', '/opt/start.sh'],
    ['a script through a shell', '/bin/bash /opt/start.sh'],
    ['a program that is not known', '/opt/launcher --profile=hardened'],
    ['a variable of systemd', `${line(...PAIR)} $HOME`],
    ['a flag that no version has', line(...PAIR, ...REST, '--vendor-flag=x')],
  ])('is unknown for its next start if its unit was changed to %s', async (_, exec) => {
    const { next, errors, exitCode } = await audit([apiServer(exec, AFTER)]);
    expect(next[0]).toMatch(/^apiserver-kubelet-client-cert pass unknown /);
    expect([exitCode, errors[0]]).toStrictEqual([
      3,
      expect.stringMatching(/^apiserver-kubelet-client-cert of node-1 passes now, and is unknown for the next start/),
    ]);
  });

  test('is not unknown for a flag that it runs with', async () => {
    const args = [...PAIR, ...REST, '--vendor-flag=x'];
    const server = apiServer(line(...args, '--v=3'), AFTER);
    const { next, exitCode } = await audit([{ ...server, command: { by: 'words', args } }]);
    expect([next[0], exitCode]).toStrictEqual(['apiserver-kubelet-client-cert pass', 0]);
  });

  test('is not unknown if the unit that shows nothing has not changed since it started', async () => {
    const script = { '/opt/start.sh': { text: '', changed: BEFORE } };
    const { next, exitCode } = await audit([apiServer('/opt/start.sh', BEFORE, script)]);
    expect([next[0], exitCode]).toStrictEqual(['apiserver-kubelet-client-cert pass', 0]);
  });

  test.each(['/opt/start.sh', '/bin/bash /opt/start.sh'])(
    'is unknown for its next start if the script of its unit was changed: %s',
    async (exec) => {
      const script = { '/opt/start.sh': { text: '', changed: AFTER }, '/bin/bash': { text: '', changed: AFTER } };
      const { next, exitCode } = await audit([apiServer(exec, BEFORE, script)]);
      expect([next[0], exitCode]).toStrictEqual([
        expect.stringMatching(/^apiserver-kubelet-client-cert pass unknown /),
        3,
      ]);
    },
  );
});

describe('a kubelet that runs well', () => {
  const kubelet = (exec: string) =>
    processOf(
      'kubelet',
      [`--config=${CONFIG}`],
      {
        [CONFIG]: configuration('/ca.crt'),
        '/etc/systemd/system/kubelet.service': { text: `[Service]\nExecStart=${exec}\n`, changed: AFTER },
      },
      { unit: 'kubelet.service' },
    );

  test.each([
    ['one dash', `/usr/bin/kubelet -config=${CONFIG}`],
    ['a positional argument', `/usr/bin/kubelet --config=${CONFIG} --fail-swap-on false`],
  ])('fails with its next start if its unit has %s', async (_, exec) => {
    const { next, exitCode } = await audit([kubelet(exec)]);
    expect([next[0], exitCode]).toStrictEqual(['kubelet-client-ca pass fail would-not-start', 1]);
  });

  test('is not unknown for a flag that it runs with', async () => {
    const args = [`--config=${CONFIG}`, '--vendor-flag=x'];
    const process = kubelet(`/usr/bin/kubelet ${args.join(' ')} --v=3`);
    const { next, exitCode } = await audit([{ ...process, command: { by: 'words', args } }]);
    expect([next[0], exitCode]).toStrictEqual(['kubelet-client-ca pass', 0]);
  });

  test('is unknown for its next start if its unit was changed to a script', async () => {
    const { next, exitCode } = await audit([kubelet('/opt/start.sh')]);
    expect([next[0], exitCode]).toStrictEqual([expect.stringMatching(/^kubelet-client-ca pass unknown /), 3]);
  });
});
