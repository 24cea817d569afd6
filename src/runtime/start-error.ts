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

type Steps<Results extends readonly unknown[]> = {
  readonly [Key in keyof Results]: () => Results[Key] | Promise<Results[Key]>;
};

/**
 * Runs the steps of a start one after another, all of them, so that everything that is wrong is reported at once.
 *
 * @throws StartError (rejects) with the faults of all steps
 */
export async function allSteps<const Results extends readonly unknown[]>(steps: Steps<Results>): Promise<Results> {
  const results: unknown[] = [];
  const errors: StartError[] = [];
  for (const step of steps) {
    try {
      results.push(await step());
    } catch (cause) {
      if (!(cause instanceof StartError)) throw cause;
      errors.push(cause);
    }
  }
  const [first] = errors;
  if (first !== undefined) {
    const faults = errors.flatMap((error) => error.faults);
    throw errors.length === 1 ? first : new StartError(first.code, faults, { cause: first });
  }
  return results as unknown as Results;
}
