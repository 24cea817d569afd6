import { expect, jest, test } from '@jest/globals';

import { isPlainlyLinear, patternsIn, superLinear } from './regular-expressions.ts';

// A loaded machine can disturb a measurement. Work that is not linear fails every time.
jest.retryTimes(2, { logErrorsBeforeRetry: true });

/** Regular expressions that are not linear, but never get a long or costly text from others. */
const ALLOWED: Readonly<Record<string, string>> = {
  'facts/systemd/args-file.ts /\\$(?:\\{([^}]*)\\}|(\\{)|([*#$@!?\\-0-9])|([A-Za-z0-9_]+))?/g':
    'it is only shown text in which each brace is closed',
  'facts/systemd/glob.ts /\\\\.|\\[!?\\]?[^\\]]*\\]|[\\s\\S]/gu': 'a pattern has at most MAX_PATTERN characters',
  'outputs/cluster/objects.ts /[-.]+$/': 'a name has at most 253 characters',
};

/** A part of the key of a finding. */
const FIELD = String.raw`((?:[^\\|]|\\[\\|])*)`;

/** The names of settings that src/facts/inputs/unread/setting-names.ts searches. */
const NAMES = String.raw`(?<!requestheader[-_]?)(?:kubelet[-_]?client[-_]?certificate|kubelet[-_]?client[-_]?key|client[-_]?ca[-_]?file)`;

/** The results of regular expressions that are built at run time. */
const MADE: Readonly<Record<string, readonly RegExp[]>> = {
  "policy/finding-key.ts new RegExp(`^${Array<string>(6).fill(FIELD).join('\\\\|')}$`)": [
    new RegExp(`^${Array<string>(6).fill(FIELD).join('\\|')}$`),
  ],
  "facts/values/go-values.ts new RegExp(`(?<!${digit}${prefix === '' ? '' : '|^'})_|_(?!${digit})`)": [
    /(?<!\d)_|_(?!\d)/,
    /(?<!\d|^)_|_(?!\d)/,
    /(?<![\da-fA-F]|^)_|_(?![\da-fA-F])/,
  ],
  "facts/inputs/unread/setting-names.ts new RegExp(`(?<![\\\\w-])--?${names}(?![\\\\w-])|${names}\\\\w{0,40}[\"']?[ \\\\t]{0,8}[:=]`, 'i')":
    [new RegExp(`(?<![\\w-])--?${NAMES}(?![\\w-])|${NAMES}\\w{0,40}["']?[ \\t]{0,8}[:=]`, 'i')],
  "facts/inputs/unread/relevance.ts new RegExp(`${SETTING_SPELLINGS}|apiserver|settings\\\\.kubernetes`, 'i')": [
    /kubelet[-_]?client[-_]?certificate|client[-_]?ca[-_]?file|authorization[-_]?mode|apiserver|settings\.kubernetes/i,
  ],
  "facts/inputs/unread/setting-names.ts new RegExp(`^${NAMES}$`, 'i')": [new RegExp(`^${NAMES}$`, 'i')],
  "facts/inputs/unread/setting-names.ts new RegExp(NAMES, 'i')": [new RegExp(NAMES, 'i')],
  'facts/values/go-values.ts new RegExp(`^1{${precision + 1}}`)': [/^1{25}/, /^1{54}/],
  "runtime/configuration/exemptions.ts new RegExp(`^(?!node/[^/]*/)(?!.*\\\\*\\\\*)${PART}/${PART}(?:/${PART})?$`, 'i')":
    [
      /^(?!node\/[^/]*\/)(?!.*\*\*)(?=[^/])[A-Za-z0-9._:-]*(?:\*[A-Za-z0-9._:-]*){0,2}\/(?=[^/])[A-Za-z0-9._:-]*(?:\*[A-Za-z0-9._:-]*){0,2}(?:\/(?=[^/])[A-Za-z0-9._:-]*(?:\*[A-Za-z0-9._:-]*){0,2})?$/i,
    ],
};

const patterns = patternsIn('src');

test.each([/^(a+)+$/, /\/+$/, /\$\([^)]*\)/, /^\s*(?:\s|a)*$/])('%s is found to be slow', (regex) => {
  expect(superLinear(regex)).toBeDefined();
});

test.each([/^a+$/, /[ab]+/g, /^[^=]+=\d+$/, /(?<!\/)\/+$/])('%s takes time in proportion to the text', (regex) => {
  expect(superLinear(regex)).toBeUndefined();
});

test.each([/(?:a|a)*$/, /^(?:a|a)*$/, /^a*b*/, /a+$/, /^a|b+$/, /^a+$/m, /^(a{1,})+/, /\\*/])(
  '%s must be measured',
  (regex) => {
    expect(isPlainlyLinear(regex)).toBe(false);
  },
);

test.each([/^a+$/, /[*+]/, /\+\*/, /^[^=]+=\d$/, /a{2,9}|b?/])('%s does not need to be measured', (regex) => {
  expect(isPlainlyLinear(regex)).toBe(true);
});

test('each regular expression takes time in proportion to the text', () => {
  expect(patterns.length).toBeGreaterThan(200);
  const found = patterns.flatMap(({ name, regex }) => {
    if (name in ALLOWED) return [];
    const made = regex === undefined ? MADE[name] : [regex];
    if (made === undefined) return [`${name}: add to MADE what it can be`];
    return made.flatMap((one) => {
      const text = superLinear(one);
      return text === undefined ? [] : [`${name}: takes too long for ${text}`];
    });
  });
  expect(found).toEqual([]);
}, 120_000);

test('the lists contain only regular expressions of the source', () => {
  const names = new Set(patterns.map(({ name }) => name));
  expect([...Object.keys(ALLOWED), ...Object.keys(MADE)].filter((name) => !names.has(name))).toEqual([]);
});
