// Texts that mean something to a browser, and reports that have them wherever a cluster or a file chooses the text.

import type { GuardReport } from '../../src/outputs/guard-report.ts';

/** What each text tries, and the text. */
export const HOSTILE_TEXTS: Readonly<Record<string, string>> = {
  'an image that runs a script': '<img src=x onerror=alert(1)>',
  'a script after the end of an attribute': '"><script>alert(1)</script>',
  'a script after the end of a style': '</style></title><script>alert(1)</script>',
  'an attribute with a script': `' onmouseover='alert(1)' x="`,
  'an SVG that runs a script': '<svg/onload=alert(1)>',
  'the end of a list': '</bdi></li></ul></details></section>',
  'the start of a comment': '<!-- ',
  'the start of a text area': '<textarea><plaintext>',
  'a link that is a script': 'javascript:alert(1)',
  'an address elsewhere': 'http://evil.example/"><base href=http://evil.example>',
  'a template of a framework': '{{constructor.constructor("alert(1)")()}}${alert(1)}<%= 1 %>',
  entities: '&lt;b&gt;&#60;i&#62;&quot;&amp;amp;',
  'a fragment': '#q=x&result=fail',
  'colors of a terminal': '\u001b[31mred\u001b[0m\u0007',
  'letters from right to left': '\u05e9\u05dc\u05d5\u05dd-\u0645\u0631\u062d\u0628\u0627',
  'marks of direction': '\u202egnp.exe\u2066\u202c',
  'invisible letters': '\u200b\u00ad\u2060\ufeff',
  NUL: '\u0000',
  'a lone surrogate': '\ud800',
  'the longest name of a node': 'x'.repeat(253),
  'the longest name with hyphens': 'node-'.repeat(50),
  'wide letters': '\u{1f600}\u4e2d\u6587\ufdfd',
  'marks above letters': `a${'\u0301'.repeat(200)}`,
};

/** What a cluster or a file chooses in a report. */
const FREE = new Set(
  ['name', 'namespace', 'node', 'container', 'value', 'message', 'setting', 'file', 'path', 'object', 'reason'].concat([
    'subject',
    'issuer',
    'server',
    'pool',
    'lookedAt',
  ]),
);

/** The same report with a text before each text that a cluster or a file chooses. */
export function withPrefix(report: GuardReport, prefix: string): GuardReport {
  return JSON.parse(
    JSON.stringify(report, (key, value: unknown) =>
      typeof value === 'string' && FREE.has(key) && value !== 'kubelet-guard' ? prefix + value : value,
    ),
  ) as GuardReport;
}
