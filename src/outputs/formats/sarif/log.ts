// The part of a SARIF 2.1.0 log that the output format writes: types only.

/** A whole file. */
export interface SarifLog {
  readonly $schema: string;
  readonly version: '2.1.0';
  readonly runs: readonly [SarifRun];
}

interface SarifRun {
  readonly tool: {
    readonly driver: {
      readonly name: string;
      readonly semanticVersion?: string;
      readonly rules: readonly ReportingDescriptor[];
    };
  };
  readonly automationDetails: { readonly id: string };
  readonly invocations: readonly [ToolInvocation];
  readonly originalUriBaseIds: Readonly<Record<string, { readonly description: Message }>>;
  readonly columnKind: 'utf16CodeUnits';
  readonly results: readonly Result[];
  readonly properties: Readonly<Record<string, unknown>>;
}

interface Message {
  readonly text: string;
}

type Level = 'note' | 'error';

/** A rule. */
export interface ReportingDescriptor {
  readonly id: string;
  readonly name: string;
  readonly shortDescription: Message;
  readonly fullDescription: Message;
  readonly help: Message & { readonly markdown: string };
  readonly helpUri: string;
  readonly defaultConfiguration: { readonly level: Level };
  readonly properties: {
    readonly tags: readonly string[];
    readonly precision: 'very-high';
    readonly 'security-severity': string;
  };
}

/** How the program ran, and what it could not do. */
export interface ToolInvocation {
  readonly executionSuccessful: boolean;
  readonly startTimeUtc: string;
  readonly endTimeUtc: string;
  readonly toolExecutionNotifications: readonly Notification[];
}

/** Something that could not be read or checked. */
export interface Notification {
  readonly level: Level;
  readonly descriptor: { readonly id: string };
  readonly message: Message;
  readonly locations?: readonly Location[];
}

/** A place in a file. */
export interface Location {
  readonly id?: number;
  readonly physicalLocation: {
    readonly artifactLocation: { readonly uri: string; readonly uriBaseId?: string };
    readonly region: { readonly startLine: number };
  };
  readonly logicalLocations?: readonly LogicalLocation[];
}

/** An object of Kubernetes, or a process. */
export interface LogicalLocation {
  readonly name: string;
  readonly fullyQualifiedName: string;
  readonly kind: 'resource';
}

/** A finding. */
export interface Result {
  readonly ruleId: string;
  readonly ruleIndex?: number;
  readonly kind: 'review' | 'fail';
  readonly level: Level;
  readonly message: Message;
  readonly locations: readonly [Location];
  readonly relatedLocations?: readonly Location[];
  readonly partialFingerprints: Readonly<Record<string, string>>;
  readonly suppressions?: readonly {
    readonly kind: 'external';
    readonly status: 'accepted';
    readonly justification: string;
  }[];
}
