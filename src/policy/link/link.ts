import type { Finding } from '../finding.ts';
import type { Outcome } from '../outcome.ts';

type Result = Outcome['result'];

/** The findings of a link are those of these two controls: kube-apiserver presents a certificate, the kubelet asks for it. */
export const PRESENTS = 'apiserver-kubelet-client-cert';
export const ASKS = 'kubelet-client-ca';

/** The link between the kube-apiservers of a cluster and its kubelets. */
export interface Link {
  /** `pass` where both ends are set everywhere, `fail` where one is not, `unknown` where that could not be told. */
  readonly result: Result;
  /** Every kube-apiserver, and whether it presents a certificate to kubelets. */
  readonly apiServers: readonly LinkEnd[];
  /** Why no kube-apiserver can be judged, where that is so by design: the provider runs them. */
  readonly apiServersNotApplicable?: string;
  /** How many kubelets ask for a certificate, do not, or could not be asked. */
  readonly kubelets: Readonly<Record<Result, number>>;
  /** The CAs that kubelets name as those whose certificates they accept, and how many kubelets name each. */
  readonly acceptedAuthorities: readonly { readonly name: string; readonly kubelets: number }[];
  /** How many kubelets answered a call through kube-apiserver, which proves the link, or refused it, which proves that it is broken. */
  readonly calls: { readonly answered: number; readonly refused: number };
}

/** One end of the link. */
export interface LinkEnd {
  readonly name: string;
  readonly result: Result;
}

/** Counts the ends of the link, one node at a time. */
export interface LinkTally {
  readonly addApiServers: (findings: readonly Finding[]) => void;
  readonly addNode: (findings: readonly Finding[], call?: 'answered' | 'refused') => void;
  readonly result: (apiServersNotApplicable?: string) => Link;
}

/** Starts to count. What is kept does not grow with the number of nodes. */
export function tallyLink(): LinkTally {
  const apiServers: LinkEnd[] = [];
  const kubelets = { pass: 0, fail: 0, unknown: 0 };
  const authorities = new Map<string, number>();
  const calls = { answered: 0, refused: 0 };
  return {
    addApiServers: (findings) => {
      for (const { control, subject, vantage, outcome } of findings) {
        // what is only written down is no kube-apiserver
        if (control.slug !== PRESENTS || vantage === 'declared') continue;
        apiServers.push({ name: subject.name, result: outcome.result });
      }
    },
    addNode: (findings, call) => {
      const asks = findings.find(({ control }) => control.slug === ASKS);
      kubelets[asks?.outcome.result ?? 'unknown'] += 1;
      if (call !== undefined) calls[call] += 1;
      for (const name of asks === undefined ? [] : authoritiesOf(asks)) {
        if (authorities.size < MOST_AUTHORITIES || authorities.has(name)) {
          authorities.set(name, (authorities.get(name) ?? 0) + 1);
        }
      }
    },
    result: (reason) => ({
      result: worst([
        ...(reason === undefined || apiServers.length > 0 ? [endOf(apiServers)] : []),
        kubelets.fail > 0 || calls.refused > 0 ? 'fail' : kubelets.unknown > 0 ? 'unknown' : 'pass',
      ]),
      apiServers,
      ...(reason !== undefined && apiServers.length === 0 && { apiServersNotApplicable: reason }),
      kubelets,
      acceptedAuthorities: Array.from(authorities, ([name, count]) => ({ name, kubelets: count })),
      calls,
    }),
  };
}

/**
 * The link of one node: both of its ends, and the proof of a refused call where there was one.
 *
 * @param asks the finding of whether its kubelet asks for a certificate
 */
export function linkOfNode({ apiServers, apiServersNotApplicable }: Link, asks: Finding): Result {
  const isRefused = asks.others?.some(
    ({ source, problems }) =>
      'via' in source && source.via === 'configz-proxy' && problems.some(({ code }) => code === 'unauthorized'),
  );
  if (isRefused === true) return 'fail';
  return worst([...(apiServersNotApplicable === undefined ? [endOf(apiServers)] : []), asks.outcome.result]);
}

/** Every kubelet names a handful; a hostile one names as many as it likes. */
const MOST_AUTHORITIES = 100;

function authoritiesOf({ source, evidence, others = [] }: Finding): readonly string[] {
  const hello = [{ source, evidence }, ...others].find(
    (piece) => 'via' in piece.source && piece.source.via === 'handshake',
  );
  return [...new Set(hello?.evidence.map(({ value }) => value) ?? [])];
}

/** Any kube-apiserver can be the one that calls, so all have to present a certificate; none seen proves nothing. */
function endOf(apiServers: readonly LinkEnd[]): Result {
  return apiServers.length === 0 ? 'unknown' : worst(apiServers.map(({ result }) => result));
}

function worst(results: readonly Result[]): Result {
  if (results.includes('fail')) return 'fail';
  return results.includes('unknown') ? 'unknown' : 'pass';
}
