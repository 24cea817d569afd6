// The output format `sarif`: SARIF 2.1.0, as code-scanning services read it.

import type { ReportedFinding, ReportedRun, ReportedRunProblem, StreamedReport } from '../../guard-report.ts';
import { escapeForTerminal } from '../../printable.ts';
import { shownResultOf } from '../../shown-result.ts';
import type { RenderContext, TextStyle } from '../../render.ts';
import { describeFault, describeSubject, linesOf, reasonsOf } from '../describe.ts';
import { identifier, findingPath, problemPath, uriOf } from '../location.ts';
import type { Invocation, Location, Log, LogicalLocation, Notification, Result } from 'sarif';
import { messageText } from './message.ts';
import { rulesOf } from './rules.ts';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';
const SOURCE_ROOT = '%SRCROOT%';

/** The name of our fingerprint. GitHub fills in its own, `primaryLocationLineHash`, from the line, if it is absent. */
const FINGERPRINT = 'kubeletGuardFinding/v1';

/**
 * Renders a report as SARIF. What passed is no result, because services show every result as an alert: `run.properties` has
 * the counts. What is unknown is a note of the kind `review`, what is exempt is suppressed with its reason.
 */
export function renderSarif(
  { run, summary, findings }: StreamedReport,
  _style: TextStyle,
  { controls, digest, nothing }: RenderContext,
): string {
  const rules = rulesOf(controls);
  const indexOf = new Map(rules.map(({ id }, index) => [id, index]));
  const identify = identifier(digest);
  const results: Result[] = [];
  for (const finding of findings) {
    const identity = identify(finding);
    if (finding.result === 'pass') continue;
    results.push(resultOf(finding, identity, indexOf.get(finding.control)));
  }
  const log: Log = {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'kubelet-guard',
            ...(run.tool && { semanticVersion: run.tool.version }),
            rules,
          },
        },
        automationDetails: { id: `kubelet-guard/${run.entrance}/${run.id}` },
        invocations: [invocationOf(run, nothing)],
        originalUriBaseIds: { [SOURCE_ROOT]: { description: { text: 'The folder in which the command ran.' } } },
        columnKind: 'utf16CodeUnits',
        results,
        properties: { summary },
      },
    ],
  };
  return `${escapeForTerminal(JSON.stringify(log, undefined, 2))}\n`;
}

function resultOf(finding: ReportedFinding, identity: string, ruleIndex: number | undefined): Result {
  const { control, result, exempted, subject, remediation, violations, expected } = finding;
  const isUnknown = result === 'unknown';
  const wanted = expected === undefined ? '' : ` Expected: ${expected}.`;
  const fix = violations.length > 0 ? ` To fix it: ${remediation}` : '';
  const text = `${describeSubject(subject)}: ${reasonsOf(finding).join('; ')}.${wanted}${fix}`;
  const [line = 1, ...others] = linesOf(finding);
  const path = findingPath(finding);
  return {
    ruleId: control,
    ...(ruleIndex !== undefined && { ruleIndex }),
    // the standard wants the level none for this kind, which GitHub does not have
    kind: isUnknown ? 'review' : 'fail',
    level: isUnknown ? 'note' : 'error',
    message: { text: messageText(text) },
    locations: [{ ...locationOf(path, line), logicalLocations: [logicalLocationOf(finding)] }],
    ...(others.length > 0 && {
      relatedLocations: others.map((other, id) => ({ id, ...locationOf(path, other) })),
    }),
    partialFingerprints: { [FINGERPRINT]: identity },
    ...(shownResultOf(finding) === 'exempt' && {
      suppressions: [{ kind: 'external', status: 'accepted', justification: messageText(reasonOf(exempted)) } as const],
    }),
  };
}

function reasonOf({ reason = '', expires }: Partial<NonNullable<ReportedFinding['exempted']>> = {}): string {
  return expires === undefined ? reason : `${reason} (until ${expires})`;
}

/** GitHub refuses a file in which a result has no artifact or no region. */
function locationOf(path: string, line: number): Location {
  return {
    physicalLocation: {
      artifactLocation: {
        uri: uriOf(path),
        ...(!path.startsWith('/') && !path.startsWith('cluster/') && { uriBaseId: SOURCE_ROOT }),
      },
      region: { startLine: line },
    },
  };
}

function logicalLocationOf({ subject }: ReportedFinding): LogicalLocation {
  const { kind, namespace, name, component, container } = subject;
  const parts = [kind ?? component, namespace, name, container].filter((part) => part !== undefined);
  return { name: messageText(name), fullyQualifiedName: messageText(parts.join('/')), kind: 'resource' };
}

function invocationOf(run: ReportedRun, nothing: string | undefined): Invocation {
  return {
    executionSuccessful: run.complete && nothing === undefined,
    startTimeUtc: run.startedAt,
    endTimeUtc: run.finishedAt,
    toolExecutionNotifications: [
      ...run.problems.map(notificationOf),
      ...(nothing === undefined
        ? []
        : [{ level: 'error', descriptor: { id: 'nothing' }, message: { text: messageText(nothing) } } as const]),
    ],
  };
}

function notificationOf(problem: ReportedRunProblem): Notification {
  return {
    level: 'error',
    descriptor: { id: problem.code },
    message: { text: messageText(describeFault(problem)) },
    locations: [locationOf(problemPath(problem), problem.line ?? 1)],
  };
}
