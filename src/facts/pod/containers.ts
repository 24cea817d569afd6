// The containers of a pod, their command lines and their mounts.

import { asArray, asRecord, asString } from '../../json.ts';
import type { Component, Problem } from '../../policy/reading.ts';
import type { PathView } from '../../policy/subject.ts';
import { environmentOf, expand, type Environment } from '../argv/expansion.ts';
import { isApiServerFlag } from '../argv/flags.ts';
import { resolveLaunch, type Invocation, type Launch } from '../launch/launch.ts';
import type { Budget } from '../budget.ts';
import { cleanPath, isAbsolute, isWithin, joinPath } from '../values/paths.ts';
import { basename, isKnown, type Word } from '../argv/words.ts';

/** A container of a pod. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly pointer: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  readonly endsByItself: boolean;
}

/** What each container costs, in steps, even if it is empty. */
const STEPS_OF_CONTAINER = 20;
const SERVICE_ACCOUNT_MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Images of one architecture have its name at the end. */
const PROGRAM_OF_IMAGE =
  /^(kube-apiserver|kubelet|hyperkube)(?:-linux)?(?:-(?:386|amd64|arm|armv7|arm64|arm64v8|ppc64le|riscv64|s390x))?$/;

/** The program that an image is for, by the last element of its repository: kube-apiserver, kubelet or hyperkube. */
export function programOf(image: string): string | undefined {
  const [untilDigest = ''] = image.split('@', 1);
  const colon = untilDigest.lastIndexOf(':');
  const name = basename(colon > untilDigest.lastIndexOf('/') ? untilDigest.slice(0, colon) : untilDigest);
  return PROGRAM_OF_IMAGE.exec(name)?.[1];
}

/**
 * The containers of a pod's spec: init containers first, then the others.
 *
 * @param pointer JSON Pointer of the spec
 * @param endsByItself the pod is a Job's
 */
export function containersOf(
  spec: Readonly<Record<string, unknown>>,
  pointer: string,
  endsByItself: boolean,
  budget: Budget,
): Container[] {
  return ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) =>
    asArray(spec[list]).map((entry, index) => {
      budget.steps(STEPS_OF_CONTAINER);
      const container = asRecord(entry);
      return {
        name: asString(container.name) ?? '',
        image: asString(container.image) ?? '',
        pointer: `${pointer}/${list}/${String(index)}`,
        spec: container,
        environment: environmentOf(container, budget),
        endsByItself: endsByItself || (list === 'initContainers' && container.restartPolicy !== 'Always'),
      };
    }),
  );
}

function wordsOf(container: Container, field: 'command' | 'args', budget: Budget): Word[] {
  const words = asArray(container.spec[field]);
  budget.words(words.length);
  return words.map((entry, index) => {
    const text = asString(entry) ?? '';
    budget.characters(text.length);
    return new ContainerWord(expand(text, container.environment, budget), text, container.pointer, field, index);
  });
}

/** A word of a command line in a pod. Its pointer is only made if it is needed, which is rare. */
class ContainerWord implements Word {
  readonly text: string;
  readonly holes?: true;
  private readonly base: string;
  private readonly field: string;
  private readonly index: number;

  constructor(text: string, written: string, base: string, field: string, index: number) {
    this.text = text;
    if (text !== written && !isKnown(text)) this.holes = true;
    this.base = base;
    this.field = field;
    this.index = index;
  }

  get pointer(): string {
    return `${this.base}/${this.field}/${String(this.index)}`;
  }
}

/**
 * What a container starts.
 *
 * @returns the launch, with a doubt if the container has no command: then the entrypoint of its image decides
 */
export function launchOf(container: Container, budget: Budget): { readonly launch: Launch; readonly doubt?: Problem } {
  const command = wordsOf(container, 'command', budget);
  const args = wordsOf(container, 'args', budget);
  const { environment } = container;
  if (command.length > 0)
    return {
      launch: resolveLaunch(args.length === 0 ? command : [...command, ...args], environment, isApiServerFlag, budget),
    };
  const program = programOf(container.image);
  const [first] = args;
  if (first === undefined) {
    const names = program === 'kube-apiserver';
    return {
      launch: {
        invocations: [],
        suspects: names ? [{ names, runsText: false, problem: entrypointUnknown(container) }] : [],
      },
    };
  }
  const bare = first.text.startsWith('-');
  if (!bare) {
    // the entrypoint is hyperkube, and the first word says what it starts
    const words = program === 'hyperkube' && basename(first.text) !== 'hyperkube' ? [HYPERKUBE, ...args] : args;
    const launch = resolveLaunch(words, environment, isApiServerFlag, budget);
    return program === 'kube-apiserver' ? { launch } : { launch, doubt: entrypointUnknown(container) };
  }
  const component = componentOf(program, args, container);
  const invocations: Invocation[] = component ? [{ component, args, conditional: false, doubts: [] }] : [];
  return { launch: { invocations, suspects: [] }, doubt: entrypointUnknown(container) };
}

const HYPERKUBE: Word = { text: 'hyperkube' };

/** The component that a container without a command gives its flags to, as far as its image, flags and name show it. */
function componentOf(program: string | undefined, args: readonly Word[], { name }: Container): Component | undefined {
  if (program === 'kubelet') return 'kubelet';
  return program === 'kube-apiserver' || looksLikeApiServer(args) || name === 'kube-apiserver'
    ? 'kube-apiserver'
    : undefined;
}

function entrypointUnknown({ pointer }: Container): Problem {
  const message =
    'the container has no command, so the entrypoint of its image decides what runs; set command, or check the running process';
  return { code: 'not-visible', message, origin: { layer: 'flag', pointer } };
}

/** Whether the words have flags that only kube-apiserver has together. */
function looksLikeApiServer(args: readonly Word[]): boolean {
  const names = args.map(({ text }) => text.slice(2).split('=', 1)[0]?.replaceAll('_', '-'));
  return (
    names.includes('etcd-servers') &&
    ['service-cluster-ip-range', 'kubelet-client-certificate', 'kubelet-client-key', 'allow-privileged'].some((name) =>
      names.includes(name),
    )
  );
}

/** What the mounts of a container show about a path. A container without mounts shows nothing. */
export function viewOf({ spec }: Container): (path: string) => PathView {
  const workingDir = asString(spec.workingDir) ?? '';
  let mounts: readonly string[] | undefined;
  return (path) => {
    if (!isAbsolute(path) && !workingDir.startsWith('/')) return 'relative';
    mounts ??= mountPathsOf(spec);
    if (mounts.length === 0) return 'not-shown';
    const full = isAbsolute(path) ? cleanPath(path) : joinPath(workingDir, path);
    return mounts.some((mount) => isWithin(mount, full)) ? 'visible' : 'not-mounted';
  };
}

function mountPathsOf(spec: Readonly<Record<string, unknown>>): string[] {
  return asArray(spec.volumeMounts)
    .map((mount) => asString(asRecord(mount).mountPath) ?? '')
    .filter((path) => path !== SERVICE_ACCOUNT_MOUNT)
    .map(cleanPath);
}
