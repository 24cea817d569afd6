// The page: the state of the connection between kube-apiservers and kubelets, as one HTML document that needs nothing else.
// Without script and style it has the same facts.

import type { ReportedFinding, StreamedReport } from '../guard-report.ts';
import assets from './assets.json' with { type: 'json' };
import { html, Html } from './html.ts';
import { SHAPES_OF_RESULTS } from './marks.ts';
import type { PageInput, Section } from './section.ts';
import { admissionSection } from './sections/admission.ts';
import { certificatesSection } from './sections/certificates.ts';
import { driftSection } from './sections/drift.ts';
import { exemptionsSection } from './sections/exemptions.ts';
import { findingsSection } from './sections/findings.ts';
import { headSection } from './sections/head.ts';
import { linkSection } from './sections/link.ts';
import { nextStartSection } from './sections/next-start.ts';
import { nodesSection } from './sections/nodes.ts';
import { runSection } from './sections/run.ts';

/** The parts of the page after its head, in their order, each with its id and its name in the list of links. */
const SECTIONS: readonly {
  readonly id: string;
  readonly name: string;
  readonly make: (input: PageInput) => Section;
}[] = [
  { id: 'link', name: 'Link', make: linkSection },
  { id: 'findings', name: 'Findings', make: findingsSection },
  { id: 'next-start', name: 'Next start', make: nextStartSection },
  { id: 'drift', name: 'Drift', make: driftSection },
  { id: 'exemptions', name: 'Exemptions', make: exemptionsSection },
  { id: 'certificates', name: 'Certificates', make: certificatesSection },
  { id: 'nodes', name: 'Kubelets', make: nodesSection },
  { id: 'admission', name: 'Admission', make: admissionSection },
  { id: 'run', name: 'Run', make: runSection },
];

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

/** An empty part after so many findings. */
const PAUSE_AFTER = 500;

/** Renders the page in parts, some of them empty, so that a server can do other work between. The findings are read once, and not kept. */
export function* renderPage(findings: Iterable<ReportedFinding>, input: PageInput): Generator<string, void> {
  const head = headSection(input);
  const sections = SECTIONS.map(({ make, ...named }) => ({ ...named, section: make(input) }));
  const collecting = [head, ...sections.map(({ section }) => section)].flatMap(({ add }) => add ?? []);
  let count = 0;
  for (const finding of findings) {
    for (const add of collecting) add(finding);
    count += 1;
    if (count % PAUSE_AFTER === 0) yield '';
  }
  const parts: { id: string; name: string; part: Html }[] = [];
  for (const { id, name, section } of sections) {
    const part = section.render();
    if (part !== undefined) parts.push({ id, name, part });
    yield '';
  }
  yield start(input, head.title()).text;
  yield html`${head.render()}
    ${links(parts)}
    `.text;
  for (const { part } of parts) yield `${part.text}\n`;
  yield '</main>\n';
  yield `<script>${assets.script}</script>\n</body>\n</html>\n`;
}

/** Renders a report as a page of its own. */
export function renderReportPage({ findings, ...head }: StreamedReport, context: PageInput['context']): string {
  return [...renderPage(findings, { head, context, live: undefined })].join('');
}

/** Links to the parts that there are. */
function links(parts: readonly { readonly id: string; readonly name: string }[]): Html | undefined {
  if (parts.length === 0) return undefined;
  return html`<nav id="contents" aria-label="Contents"><ul>
    ${parts.map(
      ({ id, name }) => html`<li><a href="#${id}">${name}</a></li>
        `,
    )}
    </ul></nav>`;
}

function start({ live }: PageInput, title: string): Html {
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
    <title>${title}</title>
    <style>${new Html(assets.style)}</style>
    </head>
    <body${live !== undefined && html` data-live="${live.version}"`}>
    ${SHAPES_OF_RESULTS}
    <main>
    `;
}
