// How to fix what fails, or will fail after its next start: each distinct remedy once, and links to it.

import { failsAfterStart } from '../../alike.ts';
import type { ReportedFinding } from '../../guard-report.ts';
import { html, type Html } from '../html.ts';
import type { PageInput } from '../section.ts';
import { remedyText } from './commands.ts';

/** Writes the remedies of a page. */
export class PageRemedies {
  readonly #written = new Set<string>();
  readonly #digest: PageInput['context']['digest'];

  constructor(digest: PageInput['context']['digest']) {
    this.#digest = digest;
  }

  /** The remedy of a finding, or a link to it if it is on the page already; undefined if nothing has to be fixed. */
  render(finding: ReportedFinding): Html | undefined {
    const { control, result, remediation } = finding;
    if (result !== 'fail' && !failsAfterStart(finding)) return undefined;
    const id = `fix-${this.#digest(JSON.stringify([control, remediation])).slice(0, 12)}`;
    if (this.#written.has(id)) return html`<p class="fix"><a href="#${id}">How to fix it: as above</a></p>`;
    this.#written.add(id);
    return html`<div class="fix" id="${id}">
      <h4>How to fix it</h4>
      <p class="copy">${remedyText(remediation)}</p>
      <p class="more">More: <code>kubelet-guard explain ${control}</code></p>
    </div>`;
  }
}
