// The words of the picture and of the lists that have the same facts.

import type { ApiServerGroup, KubeletGroup } from './model.ts';

/** Where an issuer can be read that is not shown. */
export const ISSUER_NOT_SHOWN = 'issuer not shown; a node audit reads it';

/** The components of a group, as `12 kubelets`, or by its name if there is one. */
export function membersOf({ names, isDeclared }: ApiServerGroup | KubeletGroup, noun: string): string {
  const [only] = names;
  if (names.length === 1 && only !== undefined) return only;
  return `${names.length} ${noun}${isDeclared ? ' configurations' : 's'}`;
}

/** What a kube-apiserver presents, in a few words. */
export function presentedText({ presented }: ApiServerGroup): string {
  switch (presented?.kind) {
    case 'certificate':
      return `client certificate ${presented.subject}, issued by ${presented.issuers.join(', ')}`;
    case 'file':
      return 'client certificate, issuer not shown';
    case 'nothing':
      return 'no client certificate';
    case 'unknown':
      return 'certificate not shown';
    case undefined:
      return 'not in this report';
  }
}

/** What a kubelet accepts, in a few words, where no line to a CA shows it. */
export function acceptedText({ accepted, names, isMismatch, isNextUnknown }: KubeletGroup): string | undefined {
  const isOne = names.length === 1;
  if (isNextUnknown) return 'next start unknown';
  if (isMismatch) return 'no issuer accepted';
  switch (accepted.kind) {
    case 'nothing':
      return `${isOne ? 'asks' : 'ask'} for no certificate`;
    case 'unknown':
      return 'CAs not shown';
    default:
      return undefined;
  }
}

/** The common name of a distinguished name in RFC 4514 form and the rest, if it begins so, or else the whole name. */
export function splitName(name: string): readonly [common: string, rest: string] {
  const found = /^CN=([^,+\\"]+)(?:,([^\\]*))?$/.exec(name);
  return found?.[1] === undefined ? [name, ''] : [found[1], found[2] ?? ''];
}
