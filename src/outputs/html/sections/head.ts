// The head of the page: the verdict, how many findings have which result, and what was checked when.

import { FactsOfHead } from '../head/facts.ts';
import { verdictsOf, worstOf, type Verdict } from '../head/verdicts.ts';
import { html, type Html } from '../html.ts';
import { mark } from '../marks.ts';
import type { PageInput, Section } from '../section.ts';

/** Makes the head. */
export function headSection(input: PageInput): Section {
  const facts = new FactsOfHead(input);
  return {
    add: (finding) => {
      facts.add(finding);
    },
    render: () => render(input, facts),
  };
}

function render(input: PageInput, facts: FactsOfHead): Html {
  const verdicts = verdictsOf(input);
  return html`<header id="head" class="${worstOf(verdicts).result}">
    <p class="product">kubelet-guard</p>
    <h1>${verdicts.slice(0, 1).map(verdictLine)}</h1>
    ${[...verdicts.slice(1), ...facts.verdicts()].map(
      (verdict) => html`<p class="verdict">${verdictLine(verdict)}</p>
      `,
    )}
    ${counts(input)}
    ${facts.render()}
    </header>`;
}

function verdictLine({ result, word, about, section }: Verdict): Html {
  const text = html`<span class="word ${result}">${result !== 'part' && mark(result)} ${word}</span> <bdi>${about}</bdi>`;
  return section === undefined ? text : html`<a href="#${section}">${text}</a>`;
}

function counts({ head }: PageInput): Html | undefined {
  if (head === undefined) return undefined;
  const { fail, unknown, pass, exempted = 0 } = head.summary;
  return html`<ul class="counts">
    <li class="fail"><b>${fail}</b> failed</li>
    <li class="unknown"><b>${unknown}</b> unknown</li>
    <li class="exempt"><b>${exempted}</b> exempt</li>
    <li class="pass"><b>${pass}</b> passed</li>
    <li class="problem"><b>${head.run.problems.length}</b> not checked</li>
    </ul>`;
}
