// The model of the picture: kube-apiservers by what they present, kubelets by what they accept, and the CAs between them.

import { CLIENT_CA_CONTROL, CLIENT_CERTIFICATE_CONTROL } from '../../../policy/link/link.ts';
import type { ReportedFinding, ReportHead } from '../../guard-report.ts';
import { SHOWN_RESULTS, shownResultOf, type ShownResult } from '../../shown-result.ts';
import { STANDINGS, standingOf, type Standing } from '../../standing.ts';
import { listedNameOf } from '../../text/names.ts';
import { compareNatural, compareTexts } from '../../text/natural.ts';
import { acceptedBy, presentedBy, type Accepted, type Presented } from './ends.ts';

/** Components that stand alike. */
export interface Group {
  /** What is alike in it, as a text that no other group has. */
  readonly key: string;
  readonly standing: Standing;
  /** The name of each component. */
  readonly names: readonly string[];
  /** They are not processes, but documents that declare settings. */
  readonly isDeclared: boolean;
}

/** Kube-apiservers that present the same. */
export interface ApiServerGroup extends Group {
  /** Undefined if the report has no finding about them. */
  readonly presented: Presented | undefined;
}

/** Kubelets of one pool that accept the same CAs. */
export interface KubeletGroup extends Group {
  readonly accepted: Accepted;
  readonly pool: string | undefined;
  /** They pass now, and whether they will after their next start is unknown. */
  readonly isNextUnknown: boolean;
  /** They accept only CAs that issued no client certificate of a kube-apiserver; false if an issuer is not shown. */
  readonly isMismatch: boolean;
}

/** A CA, or a file of CAs whose names are not shown. */
export interface Authority {
  readonly kind: 'name' | 'file';
  readonly name: string;
  /** How many kube-apiservers present a certificate that it issued. */
  readonly issuedTo: number;
  /** How many kubelets accept it. */
  readonly acceptedBy: number;
}

/** What the picture shows. Its groups are sorted: what needs work first, then the largest. */
export interface Picture {
  readonly apiServers: readonly ApiServerGroup[];
  readonly kubelets: readonly KubeletGroup[];
  /** Those that most components refer to first. */
  readonly authorities: readonly Authority[];
  /** All issuers are shown, so that a CA that issued no certificate of a kube-apiserver is known. */
  readonly areIssuersKnown: boolean;
  /** All accepted CAs are shown by name, so that a CA that no kubelet accepts is known. */
  readonly areAcceptedKnown: boolean;
  /** How many kubelets the link counts with each result that the report has no finding about. */
  readonly unlisted: Readonly<Record<ShownResult, number>>;
}

type Growing<T extends Group> = T & { readonly names: string[] };

/** Collects findings one at a time. Its memory grows with the groups, and with one name for each component. */
export class PictureModel {
  readonly #head: ReportHead;
  readonly #apiServers = new Map<string, Growing<ApiServerGroup>>();
  readonly #kubelets = new Map<string, Growing<KubeletGroup>>();
  readonly #listed = { fail: 0, unknown: 0, exempt: 0, pass: 0 };

  constructor(head: ReportHead) {
    this.#head = head;
  }

  add(finding: ReportedFinding): void {
    const isDeclared = finding.vantage === 'declared';
    // beside processes, a document only declares what they may use
    if (isDeclared && this.#head.link !== undefined) return;
    const common = { standing: standingOf(finding), isDeclared };
    if (finding.control === CLIENT_CERTIFICATE_CONTROL) {
      const name = isDeclared ? listedNameOf(finding) : finding.subject.name;
      join(this.#apiServers, name, { ...common, presented: presentedBy(finding) });
    }
    if (finding.control === CLIENT_CA_CONTROL) {
      const { pool, result } = finding;
      const isNextUnknown = common.standing === 'unknown' && result === 'pass';
      const own = { accepted: acceptedBy(finding), pool, isNextUnknown, isMismatch: false };
      join(this.#kubelets, listedNameOf(finding), { ...common, ...own });
      this.#listed[shownResultOf(finding)] += 1;
    }
  }

  result(): Picture {
    const apiServers = [...this.#apiServers.values(), ...this.#unlistedApiServers()].sort(byUrgency);
    const issuers = issuersOf(apiServers);
    const kubelets = Array.from(this.#kubelets.values(), (group) => ({
      ...group,
      isMismatch: issuers !== undefined && acceptsNone(group.accepted, issuers),
    })).sort((a, b) => byUrgency(a, b) || compareNatural(a.pool ?? '', b.pool ?? '') || compareTexts(a.key, b.key));
    const unlisted = this.#unlistedKubelets();
    return {
      apiServers,
      kubelets,
      authorities: authoritiesOf(apiServers, kubelets),
      areIssuersKnown: issuers !== undefined,
      areAcceptedKnown:
        kubelets.every(({ accepted: { kind } }) => kind === 'names' || kind === 'nothing') &&
        SHOWN_RESULTS.every((result) => unlisted[result] === 0),
      unlisted,
    };
  }

  /** A selection can leave out findings about kube-apiservers that the link counts. */
  #unlistedApiServers(): ApiServerGroup[] {
    const known = new Set([...this.#apiServers.values()].flatMap(({ names }) => names));
    const groups = new Map<string, Growing<ApiServerGroup>>();
    for (const { name, result, exempted = false } of this.#head.link?.apiServers ?? []) {
      const standing = exempted ? 'exempt' : result;
      if (!known.has(name)) join(groups, name, { standing, isDeclared: false, presented: undefined });
    }
    return [...groups.values()];
  }

  #unlistedKubelets(): Picture['unlisted'] {
    const { fail = 0, unknown = 0, pass = 0, exempted = 0 } = this.#head.link?.kubelets ?? {};
    const listed = this.#listed;
    const left = (counted: number, result: ShownResult): number => Math.max(0, counted - listed[result]);
    return {
      fail: left(fail, 'fail'),
      unknown: left(unknown, 'unknown'),
      exempt: left(exempted, 'exempt'),
      pass: left(pass, 'pass'),
    };
  }
}

/** Adds a component to its group. */
function join<T extends Group>(groups: Map<string, Growing<T>>, name: string, parts: Omit<T, 'key' | 'names'>): void {
  const key = JSON.stringify(parts);
  const group = groups.get(key);
  if (group === undefined) groups.set(key, { ...parts, key, names: [name] } as unknown as Growing<T>);
  else group.names.push(name);
}

/** What needs work first, then the largest. */
function byUrgency(a: Group, b: Group): number {
  return (
    STANDINGS.indexOf(a.standing) - STANDINGS.indexOf(b.standing) ||
    b.names.length - a.names.length ||
    compareTexts(a.key, b.key)
  );
}

/** The names that a kubelet can trust a certificate by; undefined if not all are shown. A CA file can have the certificate itself. */
function issuersOf(apiServers: readonly ApiServerGroup[]): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const { presented } of apiServers) {
    if (presented?.kind === 'certificate')
      for (const name of [presented.subject, ...presented.issuers]) names.add(name);
    else if (presented?.kind !== 'nothing') return undefined;
  }
  return names.size === 0 ? undefined : names;
}

function acceptsNone(accepted: Accepted, issuers: ReadonlySet<string>): boolean {
  return accepted.kind === 'names' && accepted.more === 0 && !accepted.names.some((name) => issuers.has(name));
}

function authoritiesOf(apiServers: readonly ApiServerGroup[], kubelets: readonly KubeletGroup[]): Authority[] {
  const known = new Map<string, Authority>();
  const count = (kind: Authority['kind'], name: string, end: 'issuedTo' | 'acceptedBy', by: number): void => {
    const key = `${kind} ${name}`;
    const authority = known.get(key) ?? { kind, name, issuedTo: 0, acceptedBy: 0 };
    known.set(key, { ...authority, [end]: authority[end] + by });
  };
  for (const { presented, names } of apiServers)
    if (presented?.kind === 'certificate')
      for (const issuer of presented.issuers) count('name', issuer, 'issuedTo', names.length);
  for (const { accepted, names } of kubelets) {
    if (accepted.kind === 'names') for (const name of accepted.names) count('name', name, 'acceptedBy', names.length);
    if (accepted.kind === 'file') count('file', accepted.path, 'acceptedBy', names.length);
  }
  return [...known.values()].sort(
    (a, b) =>
      Number(b.issuedTo > 0) - Number(a.issuedTo > 0) ||
      b.acceptedBy - a.acceptedBy ||
      compareNatural(a.name, b.name) ||
      compareTexts(a.kind, b.kind),
  );
}
