// The commands inside a remedy, so that they differ from the words around them.

import { code, html, type Html } from '../html.ts';

/** How commands of remedies start. A test compares them with all remedies. */
const STARTS = [
  ...['systemctl daemon-reload', 'systemctl restart ', 'kubectl edit ', 'kubeadm upgrade ', 'talosctl apply-config '],
  ...['kops edit ', 'kops update ', 'kops rolling-update ', 'snap restart ', 'az aks ', 'gcloud container '],
  ...['oc edit ', 'oc get '],
] as const;

/** Splits a remedy into words and commands, one after the other. The first is words, and may be empty. */
export function splitCommands(remedy: string): readonly string[] {
  const parts: string[] = [];
  let words = '';
  // a command follows a colon, a semicolon or a bracket
  for (const piece of remedy.split(/(?<=[:;] |\()/)) {
    if (!STARTS.some((start) => piece.startsWith(start))) {
      words += piece;
      continue;
    }
    const length = piece.search(/;|\)| \(|\.(?: |$)|$/);
    parts.push(words, piece.slice(0, length));
    words = piece.slice(length);
  }
  return [...parts, words];
}

/** A remedy with its commands as code. */
export function remedyText(remedy: string): Html {
  return html`<bdi>${splitCommands(remedy).map((part, at) => (at % 2 === 1 ? code(part) : part))}</bdi>`;
}
