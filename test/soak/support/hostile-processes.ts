// Programs that an unprivileged user starts on a host, and the files that they name.

import type { Random } from './random.ts';
import { mutateText } from './mutate-text.ts';

const PROGRAMS = [
  ...[
    'kubelet',
    '/home/u/kubelet',
    '/usr/bin/kubelet',
    'kube-apiserver',
    '/home/u/kube-apiserver',
    './kubelet',
    'k3s',
    'hyperkube',
  ],
  ...[
    'sh',
    '/bin/bash',
    'env',
    'sleep',
    'KUBELET',
    'kubelet ',
    'kubelet-x',
    '',
    'go-runner',
    'rke2',
    'nice',
    'systemd-run',
  ],
];
const FLAGS = [
  ...[
    '--config=/home/u/evil.yaml',
    '--config',
    '/home/u/evil.yaml',
    '--config-dir=/home/u/conf.d',
    '--client-ca-file=/ca',
  ],
  ...[
    '--client-ca-file=',
    '--client-ca-file',
    '--anonymous-auth=true',
    '--authorization-mode=AlwaysAllow',
    '--hostname-override=x',
  ],
  ...[
    '--node-labels=a=b',
    '--kubelet-client-certificate=/c',
    '--kubelet-client-key=',
    '--service-node-port-range=1-2',
    '--',
  ],
  ...[
    '--help',
    '--version',
    '-c',
    'server',
    'agent',
    '$(A)',
    '"',
    "'",
    '--root-dir=/',
    '--kubeconfig=/home/u/k',
    '--port=0',
  ],
];
/** The control groups of a user, a compromised service and a pod; only root can use other ones. */
const GROUPS = [
  '/user.slice/user-1000.slice/session-3.scope',
  '/user.slice/user-1000.slice/user@1000.service/app.slice/kubelet.service',
  '/system.slice/nginx.service',
  `/kubepods/burstable/pod1/${'0f'.repeat(32)}`,
];
const SCRIPTS = [
  'exec kubelet --client-ca-file=',
  'set -- a b; set -- "$@" "$@"; set -- "$@" "$@"; exec kube-apiserver "$@"',
  'A=x; A=$A$A; A=$A$A; A=$A$A; exec kubelet --node-labels=$A',
  'while true; do kubelet --anonymous-auth=true; done',
  '((((((((kubelet',
];
const TEXTS = ['[', '{', '- ', ' ', '\t', 'a: ', '&a [*a]', '"', '1.0,', '<<: *b\n', '? ', '# ', 'k0: v\n'];

/** A part of a layout (test/commands/node/node-host.ts): some processes, and files below /home/u. */
export function hostileLayout(random: Random, configurations: readonly string[]): string {
  const parts = Array.from({ length: 1 + random.below(4) }, (_, index) => processPart(random, 4000 + index));
  parts.push(`=== /home/u/evil.yaml\n${fileText(random, configurations)}\n`);
  if (random.oneIn(4)) parts.push(`=== /home/u/conf.d/10.conf\n${fileText(random, configurations)}\n`);
  return parts.join('');
}

function processPart(random: Random, pid: number): string {
  const program = random.pick(PROGRAMS);
  const words = Array.from({ length: random.below(7) }, () => wordOf(random));
  const facts = [
    ...(random.oneIn(2)
      ? [`exe ${random.pick(['/home/u/kubelet', '/usr/bin/kubelet', '/bin/sh', '/x (deleted)'])}`]
      : []),
    ...(random.oneIn(3) ? [`parent ${random.pick(['1', '0', '4000', '700', '99999'])}`] : []),
    ...(random.oneIn(3) ? [`env A=${longText(random, 3000).replaceAll('\n', ' ')}`] : []),
    `cgroup ${random.pick(GROUPS)}`,
    ...(random.oneIn(6) ? [`root ${random.pick(['/home/u', '/', '/nowhere'])}`] : []),
  ];
  return `=== process ${pid}\n${[...facts, program, ...words].join('\n')}\n`;
}

function wordOf(random: Random): string {
  if (random.oneIn(8)) return random.pick(SCRIPTS);
  if (random.oneIn(10)) return `--node-labels=a${' '.repeat(random.below(65_536))}=b`;
  const flag = random.pick(FLAGS);
  return random.oneIn(5) ? mutateText(random, flag, FLAGS).replaceAll(/[\n\0]/g, '') : flag;
}

function fileText(random: Random, configurations: readonly string[]): string {
  const text = random.pick(configurations);
  const changed = random.oneIn(2) ? mutateText(random, text, configurations) : text;
  return (random.oneIn(4) ? longText(random, 100_000) + changed : changed).replaceAll(/^=== /gm, '== ');
}

function longText(random: Random, most: number): string {
  const piece = random.pick(TEXTS);
  return piece.repeat(Math.floor(random.below(most) / piece.length));
}
