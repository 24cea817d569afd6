// Which paths below a folder are left out: by `.gitignore` files, by `--exclude`, and folders that never hold configuration.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { ignorePatterns, type IgnorePattern } from './patterns.ts';

/** Says whether an entry of a folder is left out. */
export interface IgnoreRules {
  readonly ignores: (name: string, isFolder: boolean) => boolean;
  /** The rules of a folder in this one, with those of its own `.gitignore`. */
  readonly inside: (name: string, hasIgnoreFile: boolean) => IgnoreRules;
}

/** The patterns of one `.gitignore`, and the path from its folder to the present one. */
interface PatternLayer {
  readonly patterns: readonly IgnorePattern[];
  readonly below: readonly string[];
}

/** The folder of packages, and the folders of version control; `..data` and the like are how Kubernetes mounts a volume. */
const SKIPPED = /^(?:\.git|\.hg|\.svn|node_modules|\.\..*)$/;
const IGNORE_FILE = '.gitignore';
/** A `.gitignore` is small; a larger one is none. */
const MAX_IGNORE_FILE = 1024 * 1024;

/**
 * The rules for the entries of a folder that the user named: `.gitignore` there and in the folders above it, up to the root of
 * the git repository.
 *
 * @param excluded patterns of `--exclude`, relative to the folder or to the current one
 */
export function ignoreRules(folder: string, excluded: readonly IgnorePattern[]): IgnoreRules {
  const layers = repositoryLayers(resolve(folder));
  const own = patternsIn(folder);
  if (own.length > 0) layers.push({ patterns: own, below: [] });
  const named = folder.split(/[/\\]/).filter((part) => part !== '' && part !== '.');
  const excludes = [
    { patterns: excluded, below: [] },
    { patterns: excluded, below: named },
  ];
  return rulesOf(folder, layers, excluded.length > 0 ? excludes : []);
}

function rulesOf(folder: string, layers: readonly PatternLayer[], excludes: readonly PatternLayer[]): IgnoreRules {
  return {
    ignores: (name, isFolder) =>
      SKIPPED.test(name) ||
      decides(layers, name, isFolder) ||
      excludes.some((layer) => decides([layer], name, isFolder)),
    inside: (name, hasIgnoreFile) => {
      const path = join(folder, name);
      const deeper = layers.map((layer) => ({ ...layer, below: [...layer.below, name] }));
      const own = hasIgnoreFile ? patternsIn(path) : [];
      return rulesOf(
        path,
        own.length > 0 ? [...deeper, { patterns: own, below: [] }] : deeper,
        excludes.map((layer) => ({ ...layer, below: [...layer.below, name] })),
      );
    },
  };
}

/** The last pattern that matches decides, and the deepest file first. */
function decides(layers: readonly PatternLayer[], name: string, isFolder: boolean): boolean {
  for (let at = layers.length - 1; at >= 0; at -= 1) {
    const { patterns = [], below = [] } = layers[at] ?? {};
    const segments = [...below, name];
    const last = patterns.findLast(({ onlyFolders, matches }) => (isFolder || !onlyFolders) && matches(segments));
    if (last) return !last.negated;
  }
  return false;
}

/** The layers of the folders above, if the folder is in a git repository. */
function repositoryLayers(folder: string): PatternLayer[] {
  const names: string[] = [];
  const layers: PatternLayer[] = [];
  for (let at = folder; ; at = dirname(at)) {
    if (at !== folder) {
      const patterns = patternsIn(at);
      if (patterns.length > 0) layers.unshift({ patterns, below: [...names].reverse() });
    }
    if (existsSync(join(at, '.git'))) return layers;
    if (dirname(at) === at) return [];
    names.push(basename(at));
  }
}

function patternsIn(folder: string): readonly IgnorePattern[] {
  const path = join(folder, IGNORE_FILE);
  try {
    const status = statSync(path, { throwIfNoEntry: false });
    if (!status?.isFile() || status.size > MAX_IGNORE_FILE) return [];
    return ignorePatterns(readFileSync(path, 'utf8'));
  } catch {
    // a file that nobody may read ignores nothing
    return [];
  }
}
