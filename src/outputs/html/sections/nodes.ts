// The kubelets, in the groups of the picture, each with its name.

import { html } from '../html.ts';
import { KUBELET_LIST, PictureIds } from '../picture/items.ts';
import { PictureModel } from '../picture/model.ts';
import { kubeletList } from '../picture/tables.ts';
import type { PageInput, Section } from '../section.ts';

/** Makes the section. */
export function nodesSection({ head, context }: PageInput): Section {
  if (head === undefined) return { render: () => undefined };
  const model = new PictureModel(head);
  const ids = new PictureIds(context);
  return {
    add: (finding) => {
      model.add(finding);
    },
    render: () => {
      const { kubelets } = model.result();
      if (kubelets.length === 0) return undefined;
      return html`<section id="${KUBELET_LIST}">
        <h2>${kubelets.every(({ isDeclared }) => isDeclared) ? 'Kubelet configurations' : 'Kubelets'}</h2>
        <p>In groups: by the result of kubelet-client-ca, the CAs that are accepted, and the pool.</p>
        ${kubelets.map((group) => kubeletList(group, ids))}
        </section>`;
    },
  };
}
