// Whether a kubelet starts with the feature gates of its flags and files.

import type { CommandLine } from '../argv/pflag.ts';
import type { KubeletReadings } from '../../policy/settings.ts';
import { gatesOfFlags } from '../gates/flags.ts';
import { enabledGates, judgeGates, NO_FAULT, type Gates, type GateVerdict } from '../gates/judge.ts';

/** From this minor version on, the defaults of a configuration depend on its gates (pkg/kubelet/apis/config/v1beta1/defaults.go). */
const FIRST_WITH_DEFAULTS = 32;
const FIELD = 'featureGates';

/**
 * The gates of the flags are set first. Then those of each configuration are set over them, for its defaults: the file of
 * --config, and the same with the drop-ins. At last the flags decide each gate that they set (cmd/kubelet/app/server.go:
 * NewKubeletCommand, kubeletConfigFlagPrecedence).
 *
 * @param configurations the gates of the file, and those of the file with its drop-ins
 * @param readings the effective settings
 */
export function kubeletGates(
  commandLine: CommandLine,
  configurations: readonly Gates[],
  minor: number | undefined,
  readings: KubeletReadings,
): GateVerdict {
  if (isOpenShift(readings)) return NO_FAULT;
  const flags = gatesOfFlags(commandLine);
  const over = minor === undefined || minor >= FIRST_WITH_DEFAULTS ? configurations : [];
  const use = { minor, setting: FIELD, before: enabledGates(flags, minor) };
  const verdicts = [
    judgeGates(flags, { minor, setting: '--feature-gates' }),
    ...over.map((gates) => judgeGates(new Map([...flags, ...gates]), use)),
    judgeGates(new Map([...(configurations.at(-1) ?? []), ...flags]), use),
  ];
  return verdicts.find(({ refusal, doubts }) => refusal !== undefined || doubts.length > 0) ?? NO_FAULT;
}

/** Whether a kubelet starts with the gates of a configuration whose flags and version are not known. */
export function configurationGates(gates: Gates, readings: KubeletReadings, partial: boolean): GateVerdict {
  return isOpenShift(readings) ? NO_FAULT : judgeGates(gates, { minor: undefined, setting: FIELD, partial });
}

/**
 * OpenShift's configuration names gates that only its operators know. Its kubelet is built to warn of a gate that it does not
 * know, where upstream's exits. The machine-config-operator gives it this client CA, and nobody else does.
 */
function isOpenShift({ clientCAFile: reading }: KubeletReadings): boolean {
  return reading.state === 'set' && reading.value === '/etc/kubernetes/kubelet-ca.crt';
}
