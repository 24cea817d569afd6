// What the /flagz of a kubelet adds to the findings about its /configz: the flags that decided, and the files that it reads.
// Flags override files, so a flag that is set is the layer to correct; without one it is a file or a drop-in.

import type { Finding } from '../finding.ts';
import type { Evidence } from '../outcome.ts';
import { KUBELET_SETTINGS, type KubeletSetting } from '../settings.ts';

/** The flags of a kubelet as /flagz shows them: each with its value or, if it is not set, its default. */
export type KubeletFlags = Readonly<Record<string, unknown>>;

/** The flags that name the files with the other settings. */
const FILES = ['config', 'config-dir'];

/** Adds the flags that decided, and those that name files, to the findings that did not pass. */
export function withCommandLine(findings: readonly Finding[], flags: KubeletFlags): Finding[] {
  return findings.map((finding) => {
    const { outcome, evidence } = finding;
    if (outcome.result === 'pass') return finding;
    const about = new Set([...evidence, ...(outcome.result === 'fail' ? outcome.violations : [])].map(settingOf));
    const settings: readonly KubeletSetting[] = Object.values(KUBELET_SETTINGS);
    const own = settings.filter((setting) => about.has(setting.field)).flatMap((setting) => flagOf(setting, flags));
    const files = FILES.flatMap((name) => rowOf(name, flags, ''));
    return { ...finding, evidence: [...evidence, ...own, ...files] };
  });
}

/** The row of a setting's flag, if it is set. A flag that is set to its default looks like one that is not set. */
export function flagOf({ flag, defaults }: KubeletSetting, flags: KubeletFlags): Evidence[] {
  return rowOf(flag, flags, String(defaults.flags ?? ''));
}

function rowOf(flag: string, flags: KubeletFlags, initial: string): Evidence[] {
  const value = Object.hasOwn(flags, flag) ? flags[flag] : undefined;
  if (typeof value !== 'string' || value === initial) return [];
  return [{ setting: `--${flag}`, value, origin: { layer: 'flag', pointer: `/flags/${flag}` } }];
}

function settingOf({ setting }: { readonly setting: string }): string {
  return setting;
}
