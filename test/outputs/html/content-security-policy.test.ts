import { createHash } from 'node:crypto';

import { expect, test } from '@jest/globals';

import { contentSecurityPolicy, renderPage } from '../../../src/outputs/html/page.ts';
import { liveSample } from '../../support/live-samples.ts';
import { pageContext, pageOfReport } from '../../support/report-pages.ts';
import { sampleReport } from '../../support/sample-clusters.ts';

const page = pageOfReport(sampleReport(1));
const digestOf = (element: string): string => {
  const [, text = ''] = new RegExp(`<${element}>([^]*?)</${element}>`).exec(page) ?? [];
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
};

test('a file allows its own script and style, and no request, frame or form', () => {
  const [, policy = ''] = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(page) ?? [];
  expect(policy.replaceAll('&#39;', "'").split('; ')).toStrictEqual([
    "default-src 'none'",
    `script-src ${digestOf('script')}`,
    `style-src ${digestOf('style')}`,
    "connect-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ]);
});

test('a live page may call its own server too, as a header says', () => {
  const live = [...renderPage([], { head: undefined, context: pageContext, live: liveSample })].join('');
  expect(live).not.toContain('http-equiv');
  const allowed = contentSecurityPolicy("'none'").replace("connect-src 'none'", "connect-src 'self'");
  expect(contentSecurityPolicy("'self'")).toBe(allowed);
});
