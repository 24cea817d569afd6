/** Why the program cannot start. */
export type StartErrorCode = 'usage' | 'configuration' | 'credentials' | 'certificate' | 'listen' | 'samples';

/** A start that fails through no bug: every fault in words that say what to do, for main.ts to print one line each. */
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
