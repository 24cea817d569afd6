// The head of the page: the verdict, how many findings have which result, and which run it is about.

import { html, type Html } from '../html.ts';
import type { PageInput, Section } from '../section.ts';

/** Makes the head. */
export function headSection(input: PageInput): Section {
  return { render: () => render(input) };
}

function render({ head, live, context: { nothing } }: PageInput): Html {
  if (head === undefined)
    return html`<header id="head">
      <h1>kubelet-guard</h1>
      <p>${live?.noReport}</p>
    </header>`;
  const { fail, unknown, pass, exempted = 0 } = head.summary;
  return html`<header id="head">
    <h1>kubelet-guard</h1>
    ${nothing !== undefined && html`<p>${nothing}</p>`}
    <ul class="counts">
      <li class="fail"><b>${fail}</b> failed</li>
      <li class="unknown"><b>${unknown}</b> unknown</li>
      <li class="exempt"><b>${exempted}</b> exempt</li>
      <li class="pass"><b>${pass}</b> passed</li>
      <li class="problem"><b>${head.run.problems.length}</b> not checked</li>
    </ul>
  </header>`;
}
