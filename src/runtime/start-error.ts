// The error of a command that cannot start, for any other reason than a bug.

/** Why a command cannot start. */
export type StartErrorCode = 'usage' | 'configuration' | 'cluster' | 'certificate' | 'listen' | 'samples';

/** The faults that keep a command from starting. Each is a line for the user, and says what to do. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly code: StartErrorCode;
  readonly faults: readonly string[];

  constructor(code: StartErrorCode, faults: string | readonly string[], options?: ErrorOptions) {
    const list = typeof faults === 'string' ? [faults] : faults;
    super(list.join('\n'), options);
    this.code = code;
    this.faults = list;
  }
}
