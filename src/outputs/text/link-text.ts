// The link between kube-apiserver and kubelets, as text.

import type { Link } from '../../policy/link/link.ts';
import { escapeLine } from '../printable.ts';
import { INDENT, paint } from './lines.ts';
import { compareNatural } from './natural.ts';

/** How many CAs are named. */
const MOST_AUTHORITIES = 5;

/** Renders the verdict for the whole link, and what both ends do. */
export function renderLink(
  link: Link,
  { color, all = false }: { readonly color: boolean; readonly all?: boolean },
): string[] {
  const { result, acceptedAuthorities } = link;
  const authorities = acceptedAuthorities.toSorted((a, b) => b.kubelets - a.kubelets || compareNatural(a.name, b.name));
  const named = all ? authorities : authorities.slice(0, MOST_AUTHORITIES);
  const more = authorities.length - named.length;
  const details = [
    apiServersText(link),
    kubeletsText(link),
    ...named.map(
      ({ name, kubelets: count }) =>
        `${count} ${count === 1 ? 'kubelet accepts' : 'kubelets accept'} certificates of ${name}`,
    ),
    ...(more > 0 ? [`and of ${more} more CAs; --all lists them`] : []),
    ...callsText(link),
  ];
  return [
    `${paint(result, color)}the link between kube-apiserver and kubelets`,
    ...details.map((detail) => `${INDENT}${escapeLine(detail)}`),
  ];
}

/** Says how calls through kube-apiserver ended, if there were some. */
export function callsText({ calls: { answered, refused } }: Link): string[] {
  return answered + refused === 0 ? [] : [`calls through kube-apiserver: ${answered} answered, ${refused} refused`];
}

/** Says what the kube-apiservers do. */
export function apiServersText({ apiServers: ends, apiServersNotApplicable }: Link): string {
  if (apiServersNotApplicable !== undefined) return `kube-apiserver is not checked: ${apiServersNotApplicable}`;
  const count = (wanted: string) => ends.filter(({ result, exempted }) => !exempted && result === wanted).length;
  const exempted = ends.filter((end) => end.exempted).length;
  const counts = { pass: count('pass'), fail: count('fail'), unknown: count('unknown'), exempted };
  return presentsText('kube-apiserver', counts);
}

/** Says what the kubelets do. */
export function kubeletsText({ kubelets: counts }: Link): string {
  return asksText('kubelet', counts);
}

/** Says how many kube-apiservers, or configurations of them, present a client certificate. */
export function presentsText(noun: string, counts: Link['kubelets']): string {
  return sideOf(noun, counts, ['presents', 'present', 'a client certificate to kubelets']);
}

/** Says how many kubelets, or configurations of them, ask for a client certificate. */
export function asksText(noun: string, counts: Link['kubelets']): string {
  return sideOf(noun, counts, ['asks for', 'ask for', 'a client certificate']);
}

/** What one side of the link does, as "7 of 8 kubelets ask for a client certificate, 1 does not". */
function sideOf(
  noun: string,
  { pass, fail, unknown, exempted = 0 }: Link['kubelets'],
  [one, many, what]: readonly [one: string, many: string, what: string],
): string {
  const total = pass + fail + unknown + exempted;
  if (total === 0) return `no ${noun} was found`;
  const does = pass > 0 ? '' : ` ${many} ${what}`;
  const parts = [
    { count: pass, verb: pass === 1 ? `${one} ${what}` : `${many} ${what}` },
    { count: fail, verb: `${fail === 1 ? 'does' : 'do'} not${does}` },
    { count: unknown, verb: 'could not be checked' },
    { count: exempted, verb: exempted === 1 ? 'is exempt' : 'are exempt' },
  ];
  return parts
    .filter(({ count }) => count > 0)
    .map(({ count, verb }, index) => {
      const of = count === total ? '' : ` of ${total}`;
      return `${index === 0 ? `${count}${of} ${noun}${total === 1 ? '' : 's'}` : count} ${verb}`;
    })
    .join(', ');
}
