// What the rules of a kubelet's start are about.

import type { KubeletReadings } from '../../policy/settings.ts';
import type { CommandLine } from '../argv/pflag.ts';
import type { Layered } from './configuration.ts';

/** What a kubelet was started with, and what it read. */
export interface KubeletStart {
  /** The minor version of Kubernetes, if it is known. */
  readonly minor: number | undefined;
  /** Undefined where only a configuration is known. */
  readonly commandLine?: CommandLine;
  /** The command line is all that the kubelet is started with. Otherwise its launcher adds flags that are not known. */
  readonly isWhole: boolean;
  /** The file of --config with its drop-ins. */
  readonly layered: Layered;
  /** The effective settings. */
  readonly readings: KubeletReadings;
}
