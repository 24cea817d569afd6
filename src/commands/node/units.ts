// The kubelet that a unit of the host would start, if none runs.

import { bounded } from '../../facts/host/files.ts';
import { kubeletUnit, nodeName } from '../../facts/host/host.ts';
import { readCertificateFiles } from '../../evidence/host/certificates.ts';
import { openHost } from '../../evidence/host/files.ts';
import type { CheckTime } from '../../policy/certificates.ts';
import type { ProcessDocument } from '../../policy/document.ts';
import type { SourceProblem } from '../../policy/reading.ts';
import { HOST } from '../allowances.ts';

/** Where a host is, and what it is called. */
export interface HostPlace {
  /** Where the root of the host is. */
  readonly root: string;
  /** The name of the host if its files do not show one. */
  readonly hostname: string;
  /** The name of the node in its cluster, if that is known. */
  readonly node?: string;
}

/**
 * The kubelet that the host's unit would start. It is open until the next one is asked for.
 *
 * @param runs whether a kubelet of this unit runs; then there is nothing to add
 */
export function* stoppedKubelet(
  { root, hostname, node: given }: HostPlace,
  moment: CheckTime,
  runs: (unit: string) => boolean,
): Generator<ProcessDocument | SourceProblem> {
  const opened = openHost(root);
  if ('state' in opened) {
    yield { source: { path: root }, problem: opened.problem };
    return;
  }
  try {
    const files = bounded(opened);
    const unit = kubeletUnit(files, HOST);
    if (unit === undefined || runs(unit)) return;
    const found: ProcessDocument = {
      form: 'process',
      source: { path: unit, document: 0 },
      subject: { component: 'kubelet', name: '' },
      view: 'next',
      command: { by: 'unit' },
      unit,
      files,
      certificates: readCertificateFiles(files, moment, () => undefined),
      problems: [],
    };
    const node = given ?? nodeName(found, hostname, HOST);
    yield { ...found, subject: { component: 'kubelet', name: node, kind: 'Node', node } };
  } finally {
    opened.close();
  }
}
