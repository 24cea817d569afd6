// Inspects the documents of a run one at a time, then those that only count together, and names the paths that gave nothing.

import { RANCHER_CONFIG_KINDS } from '../../facts/inputs/rancher/config.ts';
import { ChartTemplates } from '../../facts/inputs/unread/templates.ts';
import type { NamedText, RawDocument } from '../../policy/document.ts';
import type { DecisionPolicy, Finding, Inspection } from '../../policy/finding.ts';
import type { SourceProblem } from '../../policy/reading.ts';

/** What of the findings is shown, and what may be empty. */
export interface InspectOptions {
  readonly policy?: Pick<DecisionPolicy, 'action'>;
  /** Controls that are shown though they are supporting, if no policy says which are. */
  readonly named?: readonly string[] | undefined;
  /** A run that has nothing to check passes, and so does a path that was named and holds nothing to check. */
  readonly allowEmpty?: boolean;
}

export interface InspectDeps {
  /** Documents to findings. */
  readonly inspect: (document: RawDocument) => Inspection;
  readonly documents: AsyncIterable<RawDocument | SourceProblem>;
  /** The folders that were named, complete when the documents are read. */
  readonly folders?: ReadonlySet<string>;
}

/** Inspects documents as they arrive, and keeps only their findings and what counts together. */
export async function inspectDocuments(deps: InspectDeps, options: InspectOptions): Promise<Inspection> {
  const run = new DocumentRun(deps, options);
  for await (const document of deps.documents) {
    if ('problem' in document) run.add({ findings: [], problems: [document] });
    else run.inspect(document);
  }
  return run.finish();
}

class DocumentRun {
  readonly #deps: InspectDeps;
  readonly #options: InspectOptions;
  #findings: Finding[] = [];
  readonly #problems: SourceProblem[] = [];
  readonly #parts: NamedText[] = [];
  /** Files that are only parts, with the path under which each was named. */
  readonly #onlyParts = new Map<string, string>();
  readonly #charts = new ChartTemplates();
  /** The paths that were named and gave something. */
  readonly #filled = new Set<string>();

  constructor(deps: InspectDeps, options: InspectOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  inspect(document: RawDocument): void {
    const { allowEmpty = false } = this.#options;
    const wanted = allowEmpty ? asInFolder(document) : document;
    const named = namedPath(document);
    if (wanted.form === 'text' && this.#charts.take(wanted)) {
      this.#filled.add(named);
      return;
    }
    const inspected = this.#deps.inspect(wanted);
    if (inspected.findings.length + inspected.problems.length > 0) this.#filled.add(named);
    else for (const { path } of inspected.parts ?? []) this.#onlyParts.set(path, named);
    this.add(inspected);
  }

  add({ findings, problems, parts = [] }: Inspection): void {
    // loops, because there can be more than a call can have arguments
    for (const finding of findings) if (isShown(finding, this.#options)) this.#findings.push(finding);
    for (const problem of problems) this.#problems.push(problem);
    for (const part of parts) this.#parts.push(part);
  }

  finish(): Inspection {
    this.add({ findings: [], problems: [...this.#charts.problems()] });
    this.#inspectTogether();
    if (this.#options.allowEmpty !== true) this.add({ findings: [], problems: this.#empty() });
    return { findings: this.#findings, problems: this.#problems };
  }

  #inspectTogether(): void {
    const [first] = this.#parts;
    if (first === undefined) return;
    const together = this.#deps.inspect({
      form: 'files',
      source: { path: first.path, document: 0 },
      files: this.#parts,
    });
    const used = new Set(together.used);
    this.add(together);
    this.#findings = this.#findings.filter((finding) => !isPart(finding, used));
    const counted = [...used, ...[...together.findings, ...together.problems].map(({ source }) => pathOf(source))];
    for (const path of counted) {
      const named = path === undefined ? undefined : this.#onlyParts.get(path);
      if (named !== undefined) this.#filled.add(named);
    }
  }

  /** What was named and gave nothing, unless that is all there is to say about the run. */
  #empty(): SourceProblem[] {
    if (this.#findings.length === 0) return [];
    const files = [...this.#onlyParts].flatMap(([path, named]) => (path === named ? [path] : []));
    return [...files, ...(this.#deps.folders ?? [])]
      .filter((path) => !this.#filled.has(path))
      .map((path) => ({
        problem: { code: 'not-read', message: 'holds nothing to check: check the path, or leave it out' },
        source: { path },
      }));
  }
}

/** What was named counts as if it lay in a folder, where files may hold nothing to check. */
function asInFolder(document: RawDocument): RawDocument {
  return document.form === 'text' ? { ...document, found: { ...document.found, named: '' } } : document;
}

function namedPath(document: RawDocument): string {
  return document.form === 'text' ? (document.found?.named ?? '') : '';
}

/** A configuration that a unit names counts as a part of the component that the unit starts. */
function isPart({ source, surface, subject }: Finding, used: ReadonlySet<string>): boolean {
  const isConfiguration = surface === 'kubelet-config' || RANCHER_CONFIG_KINDS.includes(subject.kind ?? '');
  return isConfiguration && 'path' in source && source.document === 0 && used.has(source.path);
}

function pathOf(source: SourceProblem['source']): string | undefined {
  return 'path' in source ? source.path : undefined;
}

function isShown({ control, surface }: Finding, { policy, named }: InspectOptions): boolean {
  if (policy !== undefined) return policy.action(control, surface) !== 'off';
  return control.supporting !== true || named?.includes(control.slug) === true;
}
