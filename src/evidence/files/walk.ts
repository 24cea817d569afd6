// Walks a path that the user named: the file itself, or every file of a folder that can matter.

import { existsSync, readdirSync, statSync, type Dirent } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import type { FoundFile, TextDocument } from '../../policy/document.ts';
import type { SourceProblem } from '../../policy/reading.ts';
import { readTextFile, type CanMatter } from './content.ts';
import { ignoreRules, type IgnoreRules } from './ignored.ts';
import type { IgnorePattern } from './patterns.ts';
import { failedToRead, specialFile } from './problems.ts';

/** What decides which files of folders are read. */
export interface WalkRules {
  /** Patterns of `--exclude`. */
  readonly excluded: readonly IgnorePattern[];
  /** Whether a file can matter, by its path alone. */
  readonly hasName: (path: string) => boolean;
  readonly canMatter: CanMatter;
}

/** An entry that waits to be read. */
interface WaitingEntry {
  readonly path: string;
  readonly found: FoundFile;
  /** Undefined for the path that was named. */
  readonly entry?: Dirent;
  /** The rules for what is in it, if it is a folder. */
  readonly inside: (hasIgnoreFile: boolean) => IgnoreRules;
}

const CHART_FILE = 'Chart.yaml';
const TEMPLATES = 'templates';
/** A `.conf` of this content is a drop-in of a kubelet. */
const DROP_IN = 'kubelet.config.k8s.io/';

/**
 * Reads a path. A stack instead of recursion: folders can be nested as deep as the file system lets them.
 *
 * @param visited the folders that were read already, each is read once, also where links go round in circles
 * @param onFolder is called if the path is a folder that was not read before
 */
export function* walkPath(
  named: string,
  rules: WalkRules,
  visited: Set<string>,
  onFolder: (path: string) => void,
): Generator<TextDocument | SourceProblem, void, undefined> {
  const waiting: WaitingEntry[] = [
    { path: named, found: withChart({ named }), inside: () => ignoreRules(named, rules.excluded) },
  ];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path, entry } = next;
    const wanted = entry === undefined || rules.hasName(path);
    try {
      if (entry?.isFile() === true) {
        if (wanted) yield* readFound(next, rules);
        continue;
      }
      const status = statSync(path);
      if (status.isDirectory()) {
        const identity = `${status.dev}:${status.ino}`;
        if (visited.has(identity)) continue;
        visited.add(identity);
        if (entry === undefined) onFolder(path);
        waiting.push(...listFolder(next));
      } else if (!status.isFile()) {
        if (isMeant(next)) yield specialFile(path, status);
      } else if (wanted) yield* readFound(next, rules);
    } catch (cause) {
      const problem = failedToRead(path, cause);
      // a link that leads nowhere hides nothing, unless its name says that it is configuration
      if (isMeant(next) || (wanted && problem.problem.code === 'forbidden')) yield problem;
    }
  }
}

/** Whether somebody meant the path as configuration: named it, or gave it such a name. */
function isMeant({ path, entry }: WaitingEntry): boolean {
  return entry === undefined || /\.(?:ya?ml|json|manifest|conf)$/.test(path) || entry.isDirectory();
}

function* readFound({ path, found, entry }: WaitingEntry, rules: WalkRules): Generator<TextDocument | SourceProblem> {
  const text = readTextFile(path, entry === undefined ? undefined : rules.canMatter);
  if (text === undefined) return;
  if (typeof text !== 'string') yield text;
  else {
    const beside = entry !== undefined && isBesideDropIns(path, text);
    yield { form: 'text', path, text, found: { ...found, ...(beside && { besideDropIns: true }) } };
  }
}

/** The entries that are not ignored, the first one last. */
function listFolder({ path, found, inside }: WaitingEntry): WaitingEntry[] {
  const entries = readdirSync(path, { withFileTypes: true });
  const rules = inside(entries.some(({ name }) => name === '.gitignore'));
  const isChart = entries.some(({ name }) => name === CHART_FILE);
  const plain = inFolder(found, isChart);
  // as `join` would write it, which is slow for each file
  const prefix = join(path, 'x').slice(0, -1);
  return entries
    .filter((entry) => !rules.ignores(entry.name, entry.isDirectory()))
    .sort((a, b) => byCodeUnits(b.name, a.name))
    .map((entry) => ({
      path: `${prefix}${entry.name}`,
      entry,
      found: isChart && isRendered(entry.name) ? { ...found, chart: path } : plain,
      inside: (hasIgnoreFile) => rules.inside(entry.name, hasIgnoreFile),
    }));
}

/** What a chart's templates are rendered from. */
function isRendered(name: string): boolean {
  return name === TEMPLATES || /^values.*\.ya?ml$/.test(name);
}

/** What is in `templates` stays a template, unless a chart of its own begins there. */
function inFolder(found: FoundFile, isChart: boolean): FoundFile {
  return isChart ? { named: found.named } : found;
}

/** The same order on every machine, whatever its language. */
function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** A path that was named can be in the `templates` of a chart. */
function withChart(found: FoundFile): FoundFile {
  for (let at = found.named; at !== dirname(at); at = dirname(at)) {
    const parent = dirname(at);
    if (basename(at) === TEMPLATES && existsSync(join(parent, CHART_FILE))) return { ...found, chart: parent };
  }
  return found;
}

/** A configuration of a kubelet that is no `.conf`, in a folder with drop-ins. */
function isBesideDropIns(path: string, text: string): boolean {
  if (path.endsWith('.conf') || !text.includes(DROP_IN)) return false;
  const folder = dirname(path);
  return readdirSync(folder).some((name) => {
    if (!name.endsWith('.conf')) return false;
    const content = readTextFile(join(folder, name), () => true);
    return typeof content === 'string' && content.includes(DROP_IN);
  });
}
