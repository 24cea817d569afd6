// The list of inputs that are no objects: units, environment files and other texts that a file can hold.

import { kubeadmPatch } from './kubeadm/patch-file.ts';
import { mime } from './text/mime.ts';
import { script } from './text/script.ts';
import type { FoundText, TextInput } from './text/text-input.ts';
import { environmentFile, systemdUnit } from './text/unit.ts';

/** The inputs. The first one that matches a text reads it. */
export const TEXT_INPUTS: readonly TextInput[] = [systemdUnit, environmentFile, kubeadmPatch, mime, script];

/** The input that a text is, if it is one. */
export function textInputOf(found: FoundText): TextInput | undefined {
  return TEXT_INPUTS.find(({ matches }) => matches(found));
}

/** Whether texts of an input only count together with other files of their host. */
export function countsTogether({ read, contents }: TextInput): boolean {
  return read === undefined && contents === undefined;
}
