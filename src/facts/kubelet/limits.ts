// Values that KubeletConfiguration's validation refuses whatever else is set (kubernetes pkg/kubelet/apis/config/validation/
// validation.go: ValidateKubeletConfiguration). Only rules that all versions since 1.20 have.

import type { Origin } from '../../policy/reading.ts';
import type { Refusal } from '../../policy/subject.ts';
import { originAt } from '../argv/pflag.ts';
import { isKnown } from '../argv/words.ts';
import { placeholderIn } from '../values/placeholders.ts';
import type { KubeletStart } from './start.ts';

/** The field, its flag, and the smallest and the largest number. A field of zero means the default, where that is not zero. */
type Range = readonly [field: string, flag: string, least: number, most: number, zero?: 'default'];

const MOST = 2 ** 31 - 1;
const RANGES: readonly Range[] = [
  ['port', 'port', 1, 65_535, 'default'],
  ['healthzPort', 'healthz-port', 0, 65_535],
  ['readOnlyPort', 'read-only-port', 0, 65_535],
  ['nodeLeaseDurationSeconds', '', 1, MOST, 'default'],
  ['eventBurst', 'event-burst', 0, MOST],
  ['eventRecordQPS', 'event-qps', 0, MOST],
  ['imageGCHighThresholdPercent', 'image-gc-high-threshold', 0, 100],
  ['imageGCLowThresholdPercent', 'image-gc-low-threshold', 0, 100],
  ['iptablesDropBit', 'iptables-drop-bit', 0, 31],
  ['iptablesMasqueradeBit', 'iptables-masquerade-bit', 0, 31],
  ['kubeAPIBurst', 'kube-api-burst', 0, MOST],
  ['kubeAPIQPS', 'kube-api-qps', 0, MOST],
  ['maxOpenFiles', 'max-open-files', 0, Number.MAX_SAFE_INTEGER],
  ['maxPods', 'max-pods', 0, MOST],
  ['oomScoreAdj', 'oom-score-adj', -1000, 1000],
  ['podsPerCore', 'pods-per-core', 0, MOST],
  ['registryBurst', 'registry-burst', 0, MOST],
  ['registryPullQPS', 'registry-qps', 0, MOST],
];

/** The field, its flag, and the values that it can have. */
const CHOICES: readonly (readonly [field: string, flag: string, values: readonly string[]])[] = [
  ['hairpinMode', 'hairpin-mode', ['none', 'hairpin-veth', 'promiscuous-bridge']],
  ['topologyManagerPolicy', 'topology-manager-policy', ['none', 'best-effort', 'restricted', 'single-numa-node']],
  ['topologyManagerScope', 'topology-manager-scope', ['container', 'pod']],
];

/** The first value that validation refuses. */
export function valueOutOfRange(start: KubeletStart): Refusal | undefined {
  for (const [field, flag, least, most, zero] of RANGES) {
    const found = written(start, field, flag);
    const value = Number(found?.value);
    if (found === undefined || !Number.isFinite(value) || (value >= least && value <= most)) continue;
    if (zero === 'default' && value === 0 && found.origin.layer !== 'flag') continue;
    const limits = most >= MOST ? `at least ${least}` : `between ${least} and ${most}`;
    return refusal(found, `must be ${limits}`);
  }
  for (const [field, flag, values] of CHOICES) {
    const found = written(start, field, flag);
    if (found === undefined || typeof found.value !== 'string') continue;
    if (found.value === '' && found.origin.layer !== 'flag') continue;
    if (!values.includes(found.value)) return refusal(found, `must be one of ${values.join(', ')}`);
  }
  return thresholds(start);
}

/** Images are removed until the lower threshold is reached. Defaults: 85 and 80 (v1beta1/defaults.go). */
function thresholds(start: KubeletStart): Refusal | undefined {
  const high = written(start, 'imageGCHighThresholdPercent', 'image-gc-high-threshold');
  const low = written(start, 'imageGCLowThresholdPercent', 'image-gc-low-threshold');
  const decisive = low ?? high;
  if (decisive === undefined || [high, low].some((found) => found && !isNumber(found.value))) return undefined;
  const [upper, lower] = [Number(high?.value ?? 85), Number(low?.value ?? 80)];
  if (lower < upper) return undefined;
  return refusal(decisive, `must leave the low threshold, ${lower}, below the high one, ${upper}`);
}

interface Written {
  readonly setting: string;
  readonly value: unknown;
  readonly origin: Origin;
}

/** The value of a field that the file, a drop-in or the flag sets, if it is known. */
function written({ commandLine, layered }: KubeletStart, field: string, flag: string): Written | undefined {
  const given = commandLine?.assignments.get(flag);
  const value = given ? given.value : Object.hasOwn(layered.config, field) ? layered.config[field] : undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && (!isKnown(value) || placeholderIn(value))) return undefined;
  return given
    ? { setting: `--${flag}`, value, origin: originAt(given.word.pointer) }
    : { setting: field, value, origin: { layer: 'file', pointer: `/${field}` } };
}

function isNumber(value: unknown): boolean {
  return Number.isFinite(Number(value));
}

function refusal({ setting, value, origin }: Written, must: string): Refusal {
  return {
    reason: `invalid configuration: ${setting} is ${String(value)}, which ${must}`,
    setting,
    origin,
    isRule: true,
  };
}
