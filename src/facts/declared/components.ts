// Components that a document declares before they run: the command line that a launcher will give them, and the files that
// the document holds for them.

import type { Origin, Problem } from '../../policy/reading.ts';
import type { PathView, Subject } from '../../policy/subject.ts';
import { expand, type Environment } from '../argv/expansion.ts';
import { flagTable } from '../argv/flags.ts';
import { parseCommandLine } from '../argv/pflag.ts';
import { wordOf, type Word } from '../argv/words.ts';
import type { Budget } from '../budget.ts';
import { apiServerStart } from '../gates/flags.ts';
import { subjectAt, withOrigins, type ConfigurationPlace } from '../inputs/configuration.ts';
import { kubeletSettings, type ConfigFile, type ParsedFile } from '../kubelet/kubelet.ts';
import { apiServerReadings, readSetting } from '../readings.ts';
import { isAbsolute } from '../values/paths.ts';
import { parseFirst } from '../yaml/documents.ts';
import type { DeclaredFile } from './files.ts';

/** How a component will be started. */
export interface DeclaredCommand {
  /** The words after the program's name, in the order in which the component gets them. */
  readonly words: readonly Word[];
  /** The minor version of Kubernetes, if it is known. */
  readonly minor?: number;
  /** What makes every setting uncertain. */
  readonly doubts?: readonly Problem[];
}

/** How a kubelet will be started. */
export interface DeclaredKubelet extends DeclaredCommand {
  /** The files of --config and --config-dir that the document holds. */
  readonly files: readonly DeclaredFile[];
  /** Why a file that the words name, and that the document does not hold, is not known. */
  readonly missing: (path: string) => Problem;
}

/** How a kube-apiserver will be started. */
export interface DeclaredApiServer extends DeclaredCommand {
  /** The variables that `$(NAME)` in its words means, where a pod runs it. */
  readonly environment?: Environment;
  /** Whether its mounts make a path visible. Default: the document does not show it. */
  readonly view?: (path: string) => PathView;
}

/**
 * The kubelet of a declared command line and files.
 *
 * @returns the subject; nothing for a kubelet that serves nobody
 */
export function declaredKubelet(place: ConfigurationPlace, declared: DeclaredKubelet, budget: Budget): Subject[] {
  const { words, minor, files, missing, doubts = [] } = declared;
  const readFile = (path: string): ConfigFile | ParsedFile => {
    const file = files.find((one) => one.path === path);
    if (file === undefined) return { state: 'unreadable', problem: missing(path) };
    const { content } = file;
    return 'document' in content
      ? { state: 'parsed', document: content.document }
      : { state: 'read', text: textOf(file) };
  };
  const { serves, ...settings } = kubeletSettings({
    args: words,
    budget,
    ...(minor !== undefined && { minor }),
    readFile,
    readDropIns: (directory) => {
      const inside = files.filter(({ path }) => path.startsWith(`${directory}/`) && path.endsWith('.conf'));
      const sorted = inside.sort((a, b) => (a.path < b.path ? -1 : 1));
      return sorted.length === 0
        ? { state: 'unreadable', problem: missing(directory) }
        : sorted.map((file) => ({ path: file.path, text: textOf(file) }));
    },
  });
  if (!serves) return [];
  const subject: Subject = {
    ...subjectAt('kubelet', place),
    component: 'kubelet',
    ...settings,
    doubts: [...doubts, ...settings.doubts],
  };
  return [withOrigins(subject, (origin) => placed(origin, files, budget))];
}

/** The kube-apiserver of a declared command line. */
export function declaredApiServer(place: ConfigurationPlace, declared: DeclaredApiServer, budget: Budget): Subject[] {
  const { words, minor, environment, doubts = [] } = declared;
  const expanded = environment
    ? words.map(({ text, pointer }) => wordOf(expand(text, environment, budget), pointer))
    : words;
  const commandLine = parseCommandLine(expanded, flagTable('kube-apiserver', minor), {
    emptyPositionals: true,
    budget,
  });
  const start = apiServerStart(commandLine, minor);
  const { view = (path: string): PathView => (isAbsolute(path) ? 'not-shown' : 'relative') } = declared;
  const subject: Subject = {
    ...subjectAt('kube-apiserver', place),
    component: 'kube-apiserver',
    ...apiServerReadings((setting) => readSetting(commandLine, setting, { layer: 'flag' })),
    view,
    ...start,
    doubts: [...doubts, ...start.doubts],
  };
  return [subject];
}

/** Why a file of a node that its document does not hold is not known. */
export function notDeclared(path: string): Problem {
  const message = `${path} is a file of the node, and the document does not hold it; check it too, or check the node with kubelet-guard node`;
  return { code: 'not-visible', message };
}

function textOf({ content }: DeclaredFile): string {
  if ('text' in content) return content.text;
  return JSON.stringify('document' in content ? content.document.value : content.value);
}

/** An origin in a declared file, as a place in the document that holds the file. */
function placed(origin: Origin, files: readonly DeclaredFile[], budget: Budget): Origin {
  const file = origin.file === undefined ? undefined : files.find(({ path }) => path === origin.file);
  if (file === undefined) return origin;
  const { pointer = '', ...rest } = origin;
  if (!('text' in file.content)) return { ...rest, pointer: `${file.pointer}${pointer}` };
  const parsed = parseFirst(file.content.text, budget);
  const lineWithin = parsed && 'value' in parsed ? parsed.locate(origin) : undefined;
  return { ...rest, pointer: file.pointer, ...(lineWithin !== undefined && { lineWithin }) };
}
