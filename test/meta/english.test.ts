// What a machine can check of the language that people read: documentation, manifests, schemas, messages, comments, test names.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { CHECKOUT } from '../support/dockerfile.ts';

/** A phrase that is not written, and what to write instead. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\bcan not\b/i, '"cannot"'],
  [/\banew\b/i, '"again", "re-created", "updated"'],
  [/\bmend(?:s|ed|ing)?\b/i, '"fix", "fixed"'],
  [/\bput(?:s|ting)? right\b/i, '"corrects", "updates"'],
  [/\bin force\b/i, '"in use"'],
  [/\bbreak(?:ing)?[ -](?:the )?glass\b/i, '"turn the webhook off"'],
  [
    /\b(?:is|are|was|were|be|been|being) (?:told|said)\b/i,
    'who or what says it: "is logged", "is printed", "is listed"',
  ],
  [/\b(?:tells?|told) (?:of|nothing)\b/i, '"shows", "names"'],
  [/\bsays? (?:nothing|no more)\b/i, '"does not show"'],
  [/\bso says\b/i, '"confirmed by"'],
  [/\b(?:could|can|cannot) (?:not )?tell\b/i, '"unknown", "cannot be decided"'],
  [/\bwithout a word\b/i, '"without a warning"'],
  [/\bspeaks? (?:about|against)\b/i, '"is about"'],
  [/\bfor want of\b/i, '"without"'],
  [/\blet(?:s|ting)? off\b/i, '"exempt"'],
  [/\bhand(?:s|ed|ing)?[ -]over\b/i, '"stores", "sends"'],
  [/\brules of the house\b/i, '"rules"'],
  [/(?:^|[.:;] |\* |\/\/ |- )Of (?:a|an|the|all|several|these|those|what|each|its)\b/m, 'the subject first'],
  [/\bentrances?\b/i, '"webhook", "sweep", "command"'],
  [/\bis (?:none|one) of (?:ours|theirs)\b/i, 'what it is'],
];

/** Text that formats fix, or that another program wrote. */
const FIXED: readonly RegExp[] = [
  /["'`](?:entrance|mended)["'`]/g,
  /\b(?:entrance|mended)(?=\??:|,| \})/g,
  /\.(?:entrance|mended)\b/g,
];

const FOLDERS: readonly (readonly [string, RegExp])[] = [
  ['docs', /\.md$/],
  ['manifests', /\.(?:ya?ml|json|txt|tpl)$/],
  ['schema', /\.json$/],
  ['src', /\.ts$/],
];
const PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'];

const files = [
  ...PAGES,
  ...FOLDERS.flatMap(([folder, ending]) =>
    readdirSync(join(CHECKOUT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => ending.test(path))
      .map((path) => join(folder, path)),
  ),
];

/** Without what other programs print; what this one prints is in its source. */
function withoutOutputs(text: string): string {
  return text.replaceAll(/^( *)```(?:console[^\n]*)?\n[\s\S]*?^\1```$/gm, (block) => block.replaceAll(/[^\n]/g, ''));
}

function faultsIn(text: string): string[] {
  return PHRASES.flatMap(([phrase, instead]) =>
    text.split('\n').flatMap((line, index) => {
      const found = phrase.exec(FIXED.reduce((rest, fixed) => rest.replace(fixed, ''), line));
      return found ? [`${String(index + 1)}: "${found[0].trim()}": write ${instead}`] : [];
    }),
  );
}

describe('what people read', () => {
  test.each([
    ['The file can not be read.', 1],
    ['Of a key nothing is told.', 2],
    ['The old configuration stays in force.', 1],
    ['The file cannot be read. Check its mode.', 0],
  ])('%j has %d phrases to change', (text, count) => {
    expect(faultsIn(text)).toHaveLength(count);
  });

  test('is plain English', () => {
    expect(files.length).toBeGreaterThan(400);
    const faults = files.flatMap((file) =>
      faultsIn(withoutOutputs(readFileSync(join(CHECKOUT, file), 'utf8'))).map((fault) => `${file}:${fault}`),
    );
    expect(faults).toEqual([]);
  });
});
