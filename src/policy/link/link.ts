// The link between the kube-apiservers of a cluster and its kubelets: one verdict from the findings about both ends.

import type { Finding } from '../finding.ts';
import type { Outcome } from '../outcome.ts';

type Result = Outcome['result'];

/** The controls about the two ends: kube-apiserver presents a client certificate, and the kubelet requests it. */
export const CLIENT_CERTIFICATE_CONTROL = 'apiserver-kubelet-client-cert';
export const CLIENT_CA_CONTROL = 'kubelet-client-ca';

/** The state of the link in one cluster. */
export interface Link {
  /**
   * `pass` if both ends are configured everywhere, `fail` if one is not, else `unknown`. Exempt ends change it only if an end
   * has no others: nothing then shows that the link stands, and it is `unknown`.
   */
  readonly result: Result;
  /** Every kube-apiserver, and whether it presents a certificate to kubelets. */
  readonly apiServers: readonly LinkEnd[];
  /** Why no kube-apiserver can be checked; only where a provider runs them and does not show them. */
  readonly apiServersNotApplicable?: string;
  /** How many kubelets request a certificate, do not, or are unknown. Kubelets that do not pass and are exempt count only as such. */
  readonly kubelets: Readonly<Record<Result, number>> & { readonly exempted?: number };
  /** The names of the CAs that kubelets accept client certificates from, and how many kubelets name each. */
  readonly acceptedAuthorities: readonly { readonly name: string; readonly kubelets: number }[];
  /** How many kubelets answered a call through kube-apiserver, which proves the link, or rejected it, which proves that the link is broken. */
  readonly calls: { readonly answered: number; readonly refused: number };
}

/** One end of the link. */
export interface LinkEnd {
  readonly name: string;
  readonly result: Result;
  /** Present if it does not pass and is exempt. */
  readonly exempted?: true;
}

/** Counts the ends of the link, one node at a time. */
export interface LinkCounter {
  readonly addApiServers: (findings: readonly Finding[]) => void;
  readonly addNode: (findings: readonly Finding[], call?: 'answered' | 'refused') => void;
  readonly result: (apiServersNotApplicable?: string) => Link;
}

/**
 * Makes a counter. Its memory does not grow with the number of nodes.
 *
 * @param isExempt whether an exemption applies to a finding; asked only for findings that do not pass
 */
export function countLink(isExempt: (finding: Finding) => boolean): LinkCounter {
  const apiServers: LinkEnd[] = [];
  const kubelets = { pass: 0, fail: 0, unknown: 0 };
  let exempted = 0;
  const authorities = new Map<string, number>();
  const calls = { answered: 0, refused: 0 };
  let isRefused = false;
  const isExempted = (finding: Finding): boolean => finding.outcome.result !== 'pass' && isExempt(finding);
  return {
    addApiServers: (findings) => {
      for (const finding of findings) {
        const { control, subject, vantage, outcome } = finding;
        // a document that only declares settings is not a kube-apiserver
        if (control.slug !== CLIENT_CERTIFICATE_CONTROL || vantage === 'declared') continue;
        apiServers.push({
          name: subject.name,
          result: outcome.result,
          ...(isExempted(finding) && { exempted: true as const }),
        });
      }
    },
    addNode: (findings, call) => {
      const clientCA = findings.find(({ control }) => control.slug === CLIENT_CA_CONTROL);
      const isLeftOut = clientCA !== undefined && isExempted(clientCA);
      if (isLeftOut) exempted += 1;
      else kubelets[clientCA?.outcome.result ?? 'unknown'] += 1;
      if (call !== undefined) calls[call] += 1;
      isRefused ||= call === 'refused' && !isLeftOut;
      for (const name of clientCA === undefined ? [] : authoritiesOf(clientCA)) {
        if (authorities.size < MOST_AUTHORITIES || authorities.has(name)) {
          authorities.set(name, (authorities.get(name) ?? 0) + 1);
        }
      }
    },
    result: (reason) => ({
      result: worst([
        ...(reason === undefined || apiServers.length > 0 ? [endOf(apiServers)] : []),
        isRefused || kubelets.fail > 0
          ? 'fail'
          : kubelets.unknown > 0 || (kubelets.pass === 0 && exempted > 0)
            ? 'unknown'
            : 'pass',
      ]),
      apiServers,
      ...(reason !== undefined && apiServers.length === 0 && { apiServersNotApplicable: reason }),
      kubelets: { ...kubelets, ...(exempted > 0 && { exempted }) },
      acceptedAuthorities: Array.from(authorities, ([name, count]) => ({ name, kubelets: count })),
      calls,
    }),
  };
}

/**
 * Gives the result for the link of one node, from both ends. A call that its kubelet rejected proves a broken link.
 *
 * @param clientCA the finding about the client CA of the node's kubelet
 */
export function linkOfNode({ apiServers, apiServersNotApplicable }: Link, clientCA: Finding): Result {
  const isRejected = clientCA.others?.some(
    ({ source, problems }) =>
      'via' in source && source.via === 'configz-proxy' && problems.some(({ code }) => code === 'unauthorized'),
  );
  if (isRejected === true) return 'fail';
  return worst([...(apiServersNotApplicable === undefined ? [endOf(apiServers)] : []), clientCA.outcome.result]);
}

/** A kubelet names a few. The limit is for a hostile kubelet, which can name any number. */
const MOST_AUTHORITIES = 100;

function authoritiesOf({ source, evidence, others = [] }: Finding): readonly string[] {
  const handshake = [{ source, evidence }, ...others].find(
    (piece) => 'via' in piece.source && piece.source.via === 'handshake',
  );
  return [...new Set(handshake?.evidence.map(({ value }) => value) ?? [])];
}

/** Any kube-apiserver can call a kubelet, so all must present a certificate. If none counts, nothing is proven. */
function endOf(apiServers: readonly LinkEnd[]): Result {
  const counting = apiServers.filter(({ exempted }) => exempted !== true);
  return counting.length === 0 ? 'unknown' : worst(counting.map(({ result }) => result));
}

function worst(results: readonly Result[]): Result {
  if (results.includes('fail')) return 'fail';
  return results.includes('unknown') ? 'unknown' : 'pass';
}
