// The kubelet and the kube-apiserver that units of the host would start, if none runs.

import { bounded } from '../../facts/host/files.ts';
import { stoppedUnit, type RunningComponent } from '../../facts/host/stopped.ts';
import { readCertificateFiles } from '../../evidence/host/certificates.ts';
import { openHost } from '../../evidence/host/files.ts';
import type { CheckTime } from '../../policy/certificates.ts';
import type { ProcessDocument } from '../../policy/document.ts';
import type { SourceProblem } from '../../policy/reading.ts';
import { HOST } from '../allowances.ts';
import type { HostMemory } from './memory.ts';
import { nameOfNode } from './name.ts';

/** Where a host is, and the node that it is. */
export interface HostPlace {
  /** Where the root of the host is. */
  readonly root: string;
  /** The name of the node in its cluster, if that is known. */
  readonly node?: string;
  /** What earlier audits of the host have read. */
  readonly memory?: HostMemory;
}

/** Something to know about all findings of a host. */
export interface HostNote {
  readonly note: string;
}

const COMPONENTS = ['kubelet', 'kube-apiserver'] as const;

/**
 * The components that the host's units would start. Each is open until the next one is asked for.
 *
 * @param running what runs; there is nothing to add to that
 */
export function* stoppedComponents(
  { root, node: given }: HostPlace,
  moment: CheckTime,
  running: readonly RunningComponent[],
): Generator<ProcessDocument | SourceProblem | HostNote> {
  const opened = openHost(root);
  if ('state' in opened) {
    yield { source: { path: root }, problem: opened.problem };
    return;
  }
  try {
    const files = bounded(opened);
    for (const component of COMPONENTS) {
      const unit = stoppedUnit(component, running, files, HOST);
      if (unit === undefined) continue;
      const found: ProcessDocument = {
        form: 'process',
        source: { path: unit, document: 0 },
        subject: { component, name: '' },
        view: 'next',
        command: { by: 'unit' },
        unit,
        files,
        certificates: readCertificateFiles(files, moment, () => undefined),
        problems: [],
      };
      const { name: node, note } = given === undefined ? nameOfNode(found, root) : { name: given };
      if (note !== undefined) yield { note };
      yield { ...found, subject: { component, name: node, kind: 'Node', node } };
    }
  } finally {
    opened.close();
  }
}
