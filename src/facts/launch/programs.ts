// The programs that a command line can name: shells, programs that start nothing, and programs that contain kube-apiserver.

import type { Component } from '../../policy/reading.ts';
import { basename, isKnown, type Word } from '../argv/words.ts';

/** Shells, by the name of their program. */
export const SHELLS = new Set(['sh', 'bash', 'dash', 'ash', 'ksh', 'zsh']);

/** Programs that start no other program. */
export const INERT = new Set(
  (
    ': [ awk basename cat cd chmod chown cp crictl ctr curl cut date dirname echo egrep export expr false getent grep head hostname id ' +
    'install ip iptables journalctl jq kill killall kubectl ln ls mkdir mktemp mount mv nc openssl pause pgrep pidof pkill printf ps ' +
    'readlink return rm sed sleep sort stat sync sysctl tail tar tee test touch tr true type ulimit umask uname wait wc wget which'
  ).split(' '),
);

/** Programs that run commands from their arguments, input or files, in their own ways. */
export const RUNS_TEXT = new Set(
  (
    'find node nsenter parallel perl python python2 python3 ruby runuser script ssh su sudo supervisord systemd-run tclsh ' +
    'unshare watch xargs'
  ).split(' '),
);

/** Programs that contain a kube-apiserver, whose flags no pod shows, with the subcommand that starts it. */
export const EMBEDDING: Readonly<Record<string, readonly string[]>> = {
  k3s: ['server'],
  rke2: ['server'],
  k0s: ['controller'],
  kubelite: [],
};

/** The component that a command line names, with the number of words up to its flags. */
export function commandComponent(words: readonly Word[]): { component: Component; skip: number } | undefined {
  const first = words[1];
  switch (basename(words[0]?.text ?? '')) {
    case 'kube-apiserver':
      return { component: 'kube-apiserver', skip: 1 };
    case 'kubelet':
      return { component: 'kubelet', skip: 1 };
    case 'hyperkube':
      if (first?.text === 'kube-apiserver' || first?.text === 'apiserver')
        return { component: 'kube-apiserver', skip: 2 };
      return first?.text === 'kubelet' ? { component: 'kubelet', skip: 2 } : undefined;
    default:
      return undefined;
  }
}

/** The script and the parameters of `sh -c`. */
export function shellCommand([program, ...args]: readonly Word[]):
  { script: Word; zero: string; positional: readonly Word[] } | undefined {
  let hasScript = false;
  let at = 0;
  for (; at < args.length; at += 1) {
    const text = args[at]?.text ?? '';
    if (text === '--' || text === '-') {
      at += 1;
      break;
    }
    if (!/^[-+]/.test(text)) break;
    if (!isKnown(text)) return undefined;
    if (text.startsWith('--')) {
      if (/^--(?:rcfile|init-file)$/.test(text)) at += 1;
      continue;
    }
    hasScript ||= text.startsWith('-') && text.includes('c');
    if (/[oO]/.test(text)) at += 1;
  }
  const script = args[at];
  if (!hasScript || script === undefined) return undefined;
  return { script, zero: args[at + 1]?.text ?? program?.text ?? '', positional: args.slice(at + 2) };
}
