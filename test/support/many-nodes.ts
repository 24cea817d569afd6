// The findings of a large simulated cluster.

import type { ReportedFinding } from '../../src/outputs/guard-report.ts';

const CONTROLS = ['kubelet-client-ca', 'kubelet-anonymous-auth', 'kubelet-authorization-mode'];

/** The findings of a node: those of every fifth one fail for one of three reasons, those of others for no reason. */
export function* findingsOf(index: number): Generator<ReportedFinding> {
  const name = `node-${String(index)}`;
  const reason = index % 5 < 2 ? index % 3 : undefined;
  for (const [at, control] of CONTROLS.entries()) {
    const isFault = reason !== undefined && (reason > 0 || at === 0);
    yield {
      control,
      result: !isFault ? 'pass' : reason === 2 ? 'unknown' : 'fail',
      subject: { component: 'kubelet', kind: 'Node', name, node: name },
      source: { node: name, via: reason === 0 ? 'handshake' : 'configz' },
      vantage: 'live',
      violations:
        isFault && reason < 2 ? [{ code: 'missing', setting: 's', message: `${name} has no s${reason}` }] : [],
      problems:
        isFault && reason === 2
          ? [
              {
                code: 'unreachable',
                message: `10.1.${index >> 8}.${index & 255}:10250 of ${name} refused the connection`,
              },
            ]
          : [],
      evidence: isFault && reason === 1 ? [{ setting: 's', value: '', layer: 'drop-in', file: '/etc/k/10.conf' }] : [],
      ...(isFault && reason < 2 && { expected: 's is the path of a CA bundle' }),
      references: ['CIS Kubernetes Benchmark 4.2.3'],
      remediation: 'Set it. '.repeat(50).trim(),
    };
  }
}

/** The findings of so many nodes, one by one. */
export function* findingsOfAll(nodes: number): Generator<ReportedFinding> {
  for (let index = 0; index < nodes; index += 1) yield* findingsOf(index);
}
