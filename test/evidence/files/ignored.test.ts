// `.gitignore` and `--exclude` as git matches them; git itself is asked where it is installed.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { chdir, cwd } from 'node:process';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { ignorePatterns } from '../../../src/evidence/files/patterns.ts';
import { readPaths, type FolderOptions } from '../../../src/evidence/files/read-paths.ts';

let folder: string;
const home = cwd();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ignored-'));
});

afterEach(() => {
  chdir(home);
  rmSync(folder, { recursive: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/** The names that are read of folders, without the `.gitignore` files themselves. */
async function namesIn(paths: readonly string[], options: FolderOptions = {}): Promise<string[]> {
  const names: string[] = [];
  const noInput = (): never => {
    throw new Error('standard input was not named');
  };
  for await (const document of readPaths(paths, noInput, options)) {
    if (!('problem' in document)) names.push(relative(folder, join(cwd(), document.path)));
  }
  return names.filter((name) => !name.endsWith('.gitignore'));
}

async function names(options: FolderOptions = {}): Promise<string[]> {
  chdir(folder);
  return namesIn(['.'], options);
}

describe('.gitignore', () => {
  test('leaves out files and folders, and a deeper file decides over a higher one', async () => {
    write({
      '.gitignore': '*.bak\n/build\nlogs/\n# a comment\n',
      'a.bak': '',
      'build/x': '',
      'sub/build/x': '',
      'sub/logs/x': '',
      'sub/.gitignore': '!keep.bak\n',
      'sub/keep.bak': '',
      'sub/other.bak': '',
    });
    expect(await names()).toStrictEqual(['sub/build/x', 'sub/keep.bak']);
  });

  test('does not bring back what is in a folder that is left out', async () => {
    write({ '.gitignore': 'out/\n!out/keep\n', 'out/keep': '', x: '' });
    expect(await names()).toStrictEqual(['x']);
  });

  test('above the named folder counts up to the root of the git repository', async () => {
    write({ '.git/HEAD': '', '.gitignore': '/a/b/secret\n*.tmp\n', 'a/b/secret': '', 'a/b/x.tmp': '', 'a/b/y': '' });
    chdir(folder);
    expect(await namesIn(['a/b'])).toStrictEqual(['a/b/y']);
  });

  test('above the named folder does not count without a git repository', async () => {
    write({ '.gitignore': '*\n', 'a/y': '' });
    chdir(folder);
    expect(await namesIn(['a'])).toStrictEqual(['a/y']);
  });

  test('does not count for a path that was named', async () => {
    write({ '.gitignore': 'a\nb\n', 'a/y': '', b: '' });
    chdir(folder);
    expect(await namesIn(['a', 'b'])).toStrictEqual(['a/y', 'b']);
  });

  test('that is a link to itself leaves nothing out', async () => {
    write({ y: '' });
    symlinkSync('.gitignore', join(folder, '.gitignore'));
    expect(await names()).toStrictEqual(['y']);
  });
});

test.each([
  [['test/'], ['a/b.yaml', 'c.yaml', 'd/test.yaml']],
  [['*.yaml'], []],
  [
    ['/c.yaml', 'a'],
    ['d/test.yaml', 'test/x.yaml'],
  ],
  [['d/*.yaml'], ['a/b.yaml', 'c.yaml', 'test/x.yaml']],
  [['**/x.yaml', '*', '!c.yaml'], ['c.yaml']],
])('--exclude %j leaves %j', async (exclude, left) => {
  write({ 'a/b.yaml': '', 'c.yaml': '', 'd/test.yaml': '', 'test/x.yaml': '' });
  expect(await names({ exclude })).toStrictEqual(left);
});

test('--exclude can be relative to the current folder or to the named one', async () => {
  write({ 'deploy/test/x': '', 'deploy/y': '' });
  chdir(folder);
  expect(await namesIn(['deploy'], { exclude: ['deploy/test'] })).toStrictEqual(['deploy/y']);
  expect(await namesIn(['deploy'], { exclude: ['/test'] })).toStrictEqual(['deploy/y']);
});

const hasGit = spawnSync('git', ['--version']).status === 0;

(hasGit ? test : test.skip)('a pattern matches what git lets it match', () => {
  spawnSync('git', ['init', '-q', folder]);
  const part = fc.stringMatching(/^[ab.*?[\]\\!-]{1,5}$/);
  const line = fc
    .tuple(
      fc.constantFrom('', '!', '/', '**/'),
      fc.array(fc.oneof(part, fc.constant('**')), { minLength: 1, maxLength: 3 }),
      fc.constantFrom('', '/', ' '),
    )
    .map(([start, parts, end]) => `${start}${parts.join('/')}${end}`);
  const path = fc
    .array(fc.stringMatching(/^[ab-]{1,3}$/), { minLength: 1, maxLength: 3 })
    .map((parts) => parts.join('/'));
  const paths = fc.sample(path, { numRuns: 60, seed: 7 });
  for (const text of fc
    .sample(fc.array(line, { minLength: 1, maxLength: 3 }), { numRuns: 150, seed: 7 })
    .map((lines) => lines.join('\n'))) {
    writeFileSync(join(folder, '.gitignore'), text);
    const { stdout } = spawnSync('git', ['-C', folder, 'check-ignore', '--no-index', '--stdin'], {
      input: paths.join('\n'),
      encoding: 'utf8',
    });
    const ignored = new Set(stdout.split('\n'));
    for (const each of paths)
      expect([text, each, isIgnored(text, each)]).toStrictEqual([text, each, ignored.has(each)]);
  }
});

/** As a walk decides: folder by folder, the last pattern that matches first. */
function isIgnored(text: string, path: string): boolean {
  const patterns = ignorePatterns(text);
  const segments = path.split('/');
  return segments.some((_segment, at) => {
    const isFolder = at < segments.length - 1;
    const last = patterns.findLast(
      ({ onlyFolders, matches }) => (isFolder || !onlyFolders) && matches(segments.slice(0, at + 1)),
    );
    return last !== undefined && !last.negated;
  });
}
