// Recognises the components among the processes of a host: by the program's name and subcommand, never by a part of a text.

import type { Component } from '../../policy/reading.ts';
import { basename } from '../argv/words.ts';

/** What /proc shows of a process. */
export interface ProcessWords {
  readonly argv: readonly string[];
  /** The target of /proc/PID/exe, if this user can read it. */
  readonly exe?: string;
}

/** A process that is a component. */
export interface ComponentProcess {
  readonly component: Component;
  /** The words after the component's name; undefined if the process has overwritten its command line. */
  readonly args: readonly string[] | undefined;
  /** The source of its name: its first word, its program file, or the title that it wrote over its command line. */
  readonly how: 'argv' | 'exe' | 'title';
}

/** A process that contains components, or starts them as separate processes. */
export interface EmbeddingProcess {
  readonly embedded: 'k3s' | 'rke2' | 'microk8s' | 'k0s';
  /** What may run inside it. Empty if its components are separate processes, which are found as such. */
  readonly inside: readonly EmbeddedComponent[];
}

/** A component inside another process, and the place of its settings on the host, if there is one. */
export interface EmbeddedComponent {
  readonly component: Component;
  /** The data folder of the k3s that contains it. */
  readonly dataDirectory?: string;
  /** This file has its command line, with comments, quotes and variables of the snap. */
  readonly argsFile?: string;
}

/**
 * Finds the component that a process is or contains.
 *
 * A shell or wrapper that starts a component is not a component: the component is a separate process, or has replaced it. A name with
 * a version (`kubelet-1.30`) is another name, unless the program file is `kubelet`.
 */
export function processComponent({ argv, exe }: ProcessWords): ComponentProcess | EmbeddingProcess | undefined {
  const program = exe?.replace(/ \(deleted\)$/, '');
  const [first = '', ...rest] = argv;
  if (isTitle(argv) && first !== program) {
    const [name = '', ...words] = first.split(/\s+/);
    const named = nameOf(name);
    return (
      embedding(named, words, program) ??
      overwritten(named, words, 'title') ??
      (program === undefined ? undefined : overwritten(basename(program), words, 'exe'))
    );
  }
  const byWord = identify(nameOf(first), rest, 'argv', program);
  return byWord ?? (program === undefined ? undefined : identify(basename(program), rest, 'exe', program));
}

/** Only blanks after a first word that is empty or has blanks: the result of setproctitle, with which k3s hides its flags. */
function isTitle([first = '', ...rest]: readonly string[]): boolean {
  return (first === '' || /\s/.test(first)) && rest.every((word) => word === '');
}

/** The program's name, without the dash of a login shell. */
function nameOf(word: string): string {
  return basename(word.replace(/^-/, ''));
}

function identify(
  name: string,
  words: readonly string[],
  how: 'argv' | 'exe',
  program: string | undefined,
): ComponentProcess | EmbeddingProcess | undefined {
  const found = named(name, words);
  if (found === undefined) return embedding(name, words, program);
  return { component: found.component, args: words.slice(found.skip), how };
}

function overwritten(name: string, words: readonly string[], how: 'exe' | 'title'): ComponentProcess | undefined {
  const found = named(name, words);
  return found && { component: found.component, args: undefined, how };
}

function named(
  name: string,
  [first]: readonly string[],
): { readonly component: Component; readonly skip: number } | undefined {
  if (name === 'kubelet' || name === 'kube-apiserver') return { component: name, skip: 0 };
  if (name !== 'hyperkube') return undefined;
  if (first === 'kubelet') return { component: 'kubelet', skip: 1 };
  return first === 'kube-apiserver' || first === 'apiserver' ? { component: 'kube-apiserver', skip: 1 } : undefined;
}

function embedding(name: string, words: readonly string[], program: string | undefined): EmbeddingProcess | undefined {
  const subcommand = words[0] ?? '';
  switch (name) {
    case 'k3s': {
      if (subcommand !== 'server' && subcommand !== 'agent') return undefined;
      const place = { dataDirectory: dataDirectoryOf(program) };
      const kubelet = { component: 'kubelet', ...place } as const;
      return {
        embedded: 'k3s',
        inside: subcommand === 'server' ? [{ component: 'kube-apiserver', ...place }, kubelet] : [kubelet],
      };
    }
    // kubelet is its child, kube-apiserver a static pod
    case 'rke2':
      return subcommand === 'server' || subcommand === 'agent' ? { embedded: 'rke2', inside: [] } : undefined;
    // kubelet and kube-apiserver are its children
    case 'k0s':
      return subcommand === 'controller' || subcommand === 'worker' ? { embedded: 'k0s', inside: [] } : undefined;
    case 'kubelite':
      return { embedded: 'microk8s', inside: insideKubelite(words) };
    default:
      return undefined;
  }
}

/** k3s unpacks itself into DATA/data/HASH/bin, and runs from there. */
function dataDirectoryOf(program: string | undefined): string {
  return /^(.+)\/data\/[^/]+\/bin\/k3s$/.exec(program ?? '')?.[1] ?? '/var/lib/rancher/k3s';
}

function insideKubelite(words: readonly string[]): readonly EmbeddedComponent[] {
  const value = (flag: string): string | undefined =>
    words.findLast((word) => word.startsWith(`--${flag}=`))?.slice(flag.length + 3);
  const member = (component: Component, argsFile: string | undefined): EmbeddedComponent => ({
    component,
    ...(argsFile !== undefined && { argsFile }),
  });
  const kubelet = member('kubelet', value('kubelet-args-file'));
  if (value('start-control-plane') === 'false') return [kubelet];
  return [member('kube-apiserver', value('apiserver-args-file')), kubelet];
}
