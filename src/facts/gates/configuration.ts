// Feature gates in a KubeletConfiguration.

import { isRecord } from '../../json.ts';
import type { Origin } from '../../policy/reading.ts';
import { fold } from '../decoding/decode.ts';
import { pointerOf } from '../values/shape.ts';
import type { GateValue, Gates } from './judge.ts';

/**
 * The gates of a configuration. Go finds the field in any case, and merges the maps of several fields.
 *
 * @param config a configuration whose types are right
 * @param place where it is written
 */
export function gatesOfConfiguration(config: Readonly<Record<string, unknown>>, place: Origin): Gates {
  const gates = new Map<string, GateValue>();
  for (const field of Object.keys(config).sort()) {
    const written = fold(field) === 'featuregates' ? config[field] : undefined;
    for (const [name, value] of isRecord(written) ? Object.entries(written) : [])
      gates.set(name, { value: value === true, origin: { ...place, pointer: pointerOf([field, name]) } });
  }
  return gates;
}

/** The gates of a merged configuration: those that the last layer does not have are written where they were before. */
export function mergedGates(merged: Gates, last: Gates, before: Gates): Gates {
  return new Map(
    Array.from(merged, ([name, gate]) => [
      name,
      { ...gate, origin: (last.get(name) ?? before.get(name) ?? gate).origin },
    ]),
  );
}
