// The page: the state of the connection between kube-apiservers and kubelets, as one HTML document that needs nothing else.
// Without script and style it has the same facts.

import type { ReportedFinding, StreamedReport } from '../guard-report.ts';
import assets from './assets.json' with { type: 'json' };
import { html, Html } from './html.ts';
import type { PageInput, Section } from './section.ts';
import { findingsSection } from './sections/findings.ts';
import { headSection } from './sections/head.ts';

/** The parts of the page, in their order. */
const SECTIONS: readonly ((input: PageInput) => Section)[] = [headSection, findingsSection];

/**
 * The value of Content-Security-Policy for the page: only its own script and style, by their digests.
 *
 * @param connect what the script may call: `'none'` in a file, `'self'` where the page is live
 */
export function contentSecurityPolicy(connect: "'none'" | "'self'"): string {
  return [
    "default-src 'none'",
    `script-src '${assets.scriptDigest}'`,
    `style-src '${assets.styleDigest}'`,
    `connect-src ${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** Renders the page in parts. The findings are read once, and not kept. */
export function* renderPage(findings: Iterable<ReportedFinding>, input: PageInput): Generator<string, void> {
  const sections = SECTIONS.map((section) => section(input));
  const collecting = sections.flatMap(({ add }) => (add === undefined ? [] : [add]));
  for (const finding of findings) for (const add of collecting) add(finding);
  yield start(input).text;
  for (const { render } of sections) {
    const part = render();
    if (part !== undefined) yield `${part.text}\n`;
  }
  yield '</main>\n';
  yield `<script>${assets.script}</script>\n</body>\n</html>\n`;
}

/** Renders a report as a page of its own. */
export function renderReportPage({ findings, ...head }: StreamedReport, context: PageInput['context']): string {
  return [...renderPage(findings, { head, context, live: undefined })].join('');
}

function start({ live }: PageInput): Html {
  // a server sends it as a header
  const policy =
    live === undefined &&
    html`<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy("'none'")}">`;
  return html`<!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    ${policy}
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="referrer" content="no-referrer">
    <title>kubelet-guard</title>
    <style>${new Html(assets.style)}</style>
    </head>
    <body${live !== undefined && new Html(' data-live')}>
    <main>
    `;
}
