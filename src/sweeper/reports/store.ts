// The stored reports: reads our reports from the cluster, writes those that changed and deletes those that are stale.

import { mergeStoredFindings } from '../../policy/decision/drift.ts';
import type { Problem, SourceProblem } from '../../policy/reading.ts';
import {
  MANAGED_BY,
  REPORT_RESOURCES,
  reportName,
  type ReportApi,
  type ReportSubject,
} from '../../outputs/cluster/objects.ts';
import { rememberedOf } from '../../outputs/cluster/policy-report.ts';
import { contentOf, readReport } from '../../outputs/cluster/stored-report.ts';
import { chooseReportApi, REPORT_APIS } from './api.ts';
import { UNSTORED, type ReportCache } from './cache.ts';
import type { StoredReportsDeps } from './deps.ts';
import { SELECTOR, writeReport, type EntriesOf } from './writer.ts';

/** A report of ours that is no longer written. */
interface StaleReport {
  readonly api: ReportApi;
  readonly name: string;
  readonly version: string;
}

const CONTROL_PLANE = { kind: 'control-plane' } as const;
/** After this many failures in one sweep the API is considered down. */
const MAX_FAILURES = 3;

/** The reports of this product in one cluster. */
export class StoredReports {
  readonly #cache: ReportCache;
  readonly #deps: StoredReportsDeps;
  /** Undefined until the first load. */
  #api: ReportApi | 'none' | undefined;
  /** Why the last load failed. */
  #readError: string | undefined;
  #stale: StaleReport[] = [];
  /** The API that is not in use has no report of ours. */
  #isOtherApiEmpty = false;
  /** The APIs not in use from which reports cannot be deleted. */
  readonly #leftBehind = new Set<ReportApi>();
  /** No more writes in this sweep: missing rights hold for all reports, and an API that fails again and again is down. */
  #hasGivenUp = false;
  #failures = 0;
  /** The start of the last complete sweep, as the report of the control plane has it. */
  #sweptAt: string | undefined;

  constructor(cache: ReportCache, deps: StoredReportsDeps) {
    this.#cache = cache;
    this.#deps = deps;
  }

  /**
   * Chooses the API and reads all our reports into the cache. If that fails, the cache has what this process has seen itself,
   * and nothing is written until the next load.
   *
   * @returns whether the reports were read; rejects only if the signal aborts
   */
  async load(signal: AbortSignal): Promise<boolean> {
    this.#hasGivenUp = false;
    this.#failures = 0;
    const before = this.#readError;
    try {
      await this.#read(signal);
      this.#readError = undefined;
    } catch (cause) {
      signal.throwIfAborted();
      this.#readError = cause instanceof Error ? cause.message : 'no reason given';
    }
    const hasChanged = (before === undefined) !== (this.#readError === undefined);
    if (hasChanged) this.#deps.callbacks.onReadError(this.#readError);
    return this.#readError === undefined;
  }

  /**
   * Updates the cache, and writes the report if it differs from the stored one. The entries are made again if the write finds
   * newer previous findings.
   *
   * @param sweptAt the start of this sweep if it is complete; only for the control plane, whose report says it
   * @returns the problem of the write, the first time that it occurs in a sweep
   */
  async save(
    about: ReportSubject,
    entriesOf: EntriesOf,
    signal: AbortSignal,
    sweptAt?: string,
  ): Promise<SourceProblem | undefined> {
    const api = this.#api;
    if (api === undefined || api === 'none' || this.#readError !== undefined || this.#hasGivenUp) {
      this.#saveInCache(about, entriesOf);
      if (api !== 'none') this.#deps.callbacks.onWrite('failed');
      return undefined;
    }
    const { reports, digest, callbacks } = this.#deps;
    const deps = { reports, digest, cache: this.#cache, acceptStored: this.#accept.bind(this) };
    const isNews = sweptAt !== undefined && sweptAt !== this.#sweptAt;
    const known = about.kind === 'control-plane' ? (sweptAt ?? this.#sweptAt) : undefined;
    const result = await writeReport(deps, api, { about, entriesOf, sweptAt: known, isNews }, signal);
    if (typeof result === 'object') {
      this.#saveInCache(about, entriesOf);
      return this.#failed(api, reportName(about, digest), result);
    }
    if (isNews) this.#sweptAt = sweptAt;
    callbacks.onWrite(result);
    return undefined;
  }

  /**
   * Deletes the reports of nodes that no longer exist, and the reports in an API that is no longer used.
   *
   * @param isPresent tells whether a node exists; undefined if not all nodes were listed. Then the reports of nodes stay, and
   *   those in another API are only deleted if no report is to be stored at all
   */
  async deleteStale(
    isPresent: ((node: string) => boolean) | undefined,
    signal: AbortSignal,
  ): Promise<readonly SourceProblem[]> {
    const problems: SourceProblem[] = [];
    // after an incomplete sweep the new API may not have all reports yet
    if (isPresent !== undefined || this.#api === 'none') {
      for (const report of this.#stale) {
        if (!this.#leftBehind.has(report.api)) await this.#delete(report, problems, signal);
      }
    }
    const api = this.#api;
    for (const node of this.#cache.nodes()) {
      if (isPresent?.(node) !== false) continue;
      const about = { kind: 'node', name: node, uid: '' } as const;
      const version = this.#cache.version(about);
      const isStored = api !== undefined && api !== 'none' && version !== '';
      const report = isStored && { api, name: reportName(about, this.#deps.digest), version };
      if (!report || (await this.#delete(report, problems, signal))) this.#cache.delete(node);
    }
    return problems;
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { reports, setting, callbacks } = this.#deps;
    const api = await chooseReportApi(setting(), reports, signal);
    const isOther = api !== this.#api;
    if (isOther) {
      this.#cache.forgetVersions();
      callbacks.onApiChosen(api);
      this.#isOtherApiEmpty = false;
      this.#leftBehind.clear();
    }
    this.#api = api;
    this.#stale = [];
    if (api !== 'none') {
      const found = await this.#readApi(api, signal);
      // findings of another API, or of this process alone, must be written before they can be missing
      if (!isOther && this.#readError === undefined) this.#cache.prune((node) => found.has(node));
    }
    if (this.#isOtherApiEmpty) return;
    const count = this.#stale.length;
    this.#isOtherApiEmpty = true;
    for (const other of REPORT_APIS) {
      if (other !== api && !this.#leftBehind.has(other)) await this.#readOtherApi(other, signal);
    }
    this.#isOtherApiEmpty &&= this.#stale.length === count;
  }

  /** Names the API once, and does not try again until another one is chosen. */
  #leaveBehind(api: ReportApi): void {
    if (!this.#leftBehind.has(api)) this.#deps.callbacks.onLeftBehind(api);
    this.#leftBehind.add(api);
  }

  /** Reads all our reports of an API and gives the nodes that have one, and undefined for the control plane. */
  async #readApi(api: ReportApi, signal: AbortSignal): Promise<Set<string | undefined>> {
    const found = new Set<string | undefined>();
    for await (const page of this.#deps.reports.list(REPORT_RESOURCES[api], SELECTOR, signal)) {
      for (const object of page) {
        const about = this.#accept(object, api);
        if (about) found.add(about.kind === 'node' ? about.name : undefined);
      }
    }
    return found;
  }

  /** Reads the reports of an API that is not in use. They are deleted once the API in use has them. */
  async #readOtherApi(api: ReportApi, signal: AbortSignal): Promise<void> {
    try {
      if (await this.#deps.reports.isServed(REPORT_RESOURCES[api], signal)) await this.#readApi(api, signal);
    } catch (cause) {
      const { status } = cause as { readonly status?: number };
      const isForbidden = status === 401 || status === 403;
      this.#isOtherApiEmpty &&= isForbidden;
      // without the rights for it while another one is used, the API was most likely never used
      if (isForbidden && this.#api === 'none') this.#leaveBehind(api);
    }
  }

  /** Puts a stored report into the cache and gives what it is about; undefined if it is not a report of ours. */
  #accept(object: unknown, from: ReportApi): ReportSubject | undefined {
    const { digest, callbacks } = this.#deps;
    const { name, resourceVersion, node, isOurs, sweptAt, remembered, unreadable } = readReport(object);
    const about: ReportSubject = node ? { kind: 'node', ...node } : CONTROL_PLANE;
    // anybody can set our label, but not on reports with such names
    if (!isOurs || !name.startsWith(`${MANAGED_BY.value}-`)) return undefined;
    const isKnown = reportName(about, digest) === name;
    if (!isKnown || from !== this.#api) this.#stale.push({ api: from, name, version: resourceVersion });
    if (!isKnown) return undefined;
    if (about.kind === 'control-plane') this.#sweptAt = sweptAt ?? this.#sweptAt;
    const cached = this.#cache.get(about);
    // a report that this process wrote can lack fields that the cluster's CustomResourceDefinition does not know
    if (from === this.#api ? cached?.version === resourceVersion : cached !== undefined) return about;
    if (unreadable > 0) callbacks.onUnreadable(name, unreadable);
    const stored = from === this.#api ? { version: resourceVersion, content: digest(contentOf(object)) } : UNSTORED;
    // findings that could not be stored are newer
    const isNewer = cached?.version === '';
    this.#cache.set(about, {
      ...stored,
      findings: isNewer ? mergeStoredFindings(remembered, cached.findings) : remembered,
    });
    return about;
  }

  #saveInCache(about: ReportSubject, entriesOf: EntriesOf): void {
    const cached = this.#cache.get(about);
    const findings = rememberedOf(entriesOf(cached));
    this.#cache.set(about, { version: this.#cache.version(about), content: cached?.content ?? '', findings });
  }

  /** @returns whether the report no longer exists */
  async #delete({ api, name, version }: StaleReport, problems: SourceProblem[], signal: AbortSignal): Promise<boolean> {
    if (this.#hasGivenUp || this.#readError !== undefined) return false;
    const answer = await this.#deps.reports.delete(REPORT_RESOURCES[api], name, version, signal);
    if (answer.outcome === 'refused') {
      const isLeft = answer.problem.code === 'forbidden' && api !== this.#api;
      if (isLeft) this.#leaveBehind(api);
      const problem = isLeft ? undefined : this.#failed(api, name, answer.problem);
      if (problem) problems.push(problem);
      return false;
    }
    if (answer.outcome === 'done') this.#deps.callbacks.onWrite('removed');
    // after a conflict the next sweep reads it again
    return answer.outcome !== 'conflict';
  }

  #failed(api: ReportApi, name: string, problem: Problem): SourceProblem | undefined {
    this.#deps.callbacks.onWrite('failed');
    if (this.#hasGivenUp) return undefined;
    this.#failures += 1;
    this.#hasGivenUp = problem.code === 'forbidden' || problem.code === 'not-found' || this.#failures === MAX_FAILURES;
    return { problem, source: { object: `${REPORT_RESOURCES[api].kind} ${name}` } };
  }
}
