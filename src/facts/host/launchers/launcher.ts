// What each program that starts components on a host says about itself.

import type { ProcessFiles } from '../../../policy/document.ts';
import type { Component } from '../../../policy/reading.ts';
import type { Environment } from '../../argv/expansion.ts';
import type { Word } from '../../argv/words.ts';
import type { Budget } from '../../budget.ts';
import type { HostCommand } from '../start.ts';

/** How a launcher is started. */
export interface LauncherStart {
  /** The words after its name. */
  readonly words: readonly Word[];
  /** The variables that its unit gives it. */
  readonly environment: Environment;
}

/** A program that starts components, in its own process or in others. */
export interface Launcher {
  /** The name of its program. */
  readonly name: string;
  /** The systemd units that start it. */
  readonly units: readonly string[];
  /** The command of one of its units, where that is always the same and the unit itself is not there. */
  readonly usual?: (unit: string) => readonly Word[] | undefined;
  /** Whether it starts components if the words after its name are these. */
  readonly starts: (words: readonly string[]) => boolean;
  /**
   * The command line that it gives a component.
   *
   * @param files its configuration and the files that its components read, as they are now
   * @returns undefined if it starts no such component
   */
  readonly commandOf: (
    component: Component,
    start: LauncherStart,
    files: ProcessFiles,
    budget: Budget,
  ) => HostCommand | undefined;
}
