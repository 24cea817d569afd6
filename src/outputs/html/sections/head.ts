// The head of the page: the verdict, how many findings have which result, and what was checked when.

import { FactsOfHead } from '../head/facts.ts';
import { nextWithoutReport } from '../head/no-report.ts';
import { pageTitle } from '../head/title.ts';
import { verdictsOf, type Verdict } from '../head/verdicts.ts';
import { html, isolated, type Html } from '../html.ts';
import { mark } from '../marks.ts';
import type { PageInput, Section } from '../section.ts';

/** The head, and the title that says the same in a few words. */
export interface HeadSection extends Section {
  readonly title: () => string;
}

/** Makes the head. */
export function headSection(input: PageInput): HeadSection {
  const facts = new FactsOfHead(input);
  return {
    add: (finding) => {
      facts.add(finding);
    },
    title: () => pageTitle(input, verdictsOf(input, facts.nextStarts())),
    render: () => render(input, facts),
  };
}

function render(input: PageInput, facts: FactsOfHead): Html {
  const [first, ...others] = verdictsOf(input, facts.nextStarts());
  return html`<header id="head" class="${first?.result}">
    <p class="product">kubelet-guard</p>
    <h1>${first && line(first)}</h1>
    ${others.map(
      (verdict) => html`<p class="verdict">${line(verdict)}</p>
        `,
    )}
    ${input.head === undefined && input.live !== undefined && nextWithoutReport(input.live)}
    ${counts(input)}
    ${facts.render()}
    </header>`;
}

function line({ result, word, about, section }: Verdict): Html {
  const shape = result !== 'part' && mark(result);
  const text = html`<span class="word ${result}">${shape} ${word}</span> ${isolated(about)}`;
  return section === undefined ? text : html`<a href="#${section}">${text}</a>`;
}

function counts({ head }: PageInput): Html | undefined {
  if (head === undefined) return undefined;
  const { fail, unknown, pass, exempted = 0 } = head.summary;
  return html`<ul class="counts">
    ${count('fail', fail, 'failed')}
    ${count('unknown', unknown, 'unknown')}
    ${count('exempt', exempted, 'exempt')}
    ${count('pass', pass, 'passed')}
    ${count('problem', head.run.problems.length, 'not checked')}
    </ul>`;
}

/** A zero is there, and does not call for attention. */
function count(name: string, value: number, word: string): Html {
  return html`<li data-count="${value}" class="${name}"><b>${value}</b> ${word}</li>`;
}
