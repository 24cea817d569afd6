// Scripts that start a kube-apiserver without a key in some shell, although they contain both flags.

import { controls } from '../../src/controls/index.ts';
import { inspect } from '../../src/inspect.ts';
import { AMPLE } from './budget.ts';
import { ENVIRONMENT } from './shell-scripts.ts';

/** Whether kubelet-guard finds that every kube-apiserver that the script starts has a client certificate. */
export function passes(script: string, positional: readonly string[]): boolean {
  const command = ['sh', '-c', script, 'zero', ...positional];
  const env = Object.entries(ENVIRONMENT).map(([name, value]) => ({ name, value }));
  const value = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [{ command, env }] } };
  const { findings } = inspect(
    controls.filter(({ slug }) => slug === 'apiserver-kubelet-client-cert'),
    [{ form: 'object', source: { object: 'Pod p' }, vantage: 'running', value }],
    AMPLE,
  );
  return findings.length > 0 && findings.every(({ outcome }) => outcome.result === 'pass');
}

const FLAGS = '--kubelet-client-certificate=/c --kubelet-client-key=/k';
const EMPTIES = '--kubelet-client-key=';
/** Each script with its positional parameters. Each had the result `pass` in an earlier version. */
export const FALSE_PASSES: [string, string[]][] = [
  [`set -- ${EMPTIES}; shift 2; exec kube-apiserver ${FLAGS} "$@"`, []],
  [`set -- $NOTHING --kubelet-client-key=/k; shift; exec kube-apiserver --kubelet-client-certificate=/c "$@"`, []],
  [`set -- --kubelet-client-key=/k; command set --; exec kube-apiserver --kubelet-client-certificate=/c "$@"`, []],
  [`A=${EMPTIES}; unset -f A; exec kube-apiserver ${FLAGS} $A`, []],
  [`readonly A=${EMPTIES}; unset A; exec kube-apiserver ${FLAGS} $A`, []],
  [`A=/k; A= : ; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=$A`, []],
  [
    `A=/k; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=\${A:+'}' '} --kubelet-client-key=`,
    [],
  ],
  [`builtin shift\nkube-apiserver ${FLAGS} "$@"`, [EMPTIES]],
  [`time shift\nkube-apiserver ${FLAGS} "$@"`, [EMPTIES]],
  ['A=; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=$\\\nA', []],
  ['AB=; A=/k; exec kube-apiserver --kubelet-client-certificate=/c "--kubelet-client-key=$A\\\nB"', []],
  [`A=/k; printf -v A ''; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=$A`, []],
  [`declare A=/k; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=$A`, []],
  [`unset A; ( : \${A:=/k} ); exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=$A`, []],
  [`unset A; exec kube-apiserver \${A:-"${FLAGS}"}`, []],
  [`A=; A[0]=${EMPTIES}; exec kube-apiserver ${FLAGS} $A`, []],
  [`A=(${EMPTIES}); exec kube-apiserver ${FLAGS} $A`, []],
  [`exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key={/k,""}`, []],
  [`exec kube-apiserver --kubelet-client-certificate=/c\r--kubelet-client-key=/k`, []],
  [`A=/k; IFS=k; set -- $A; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=$2`, []],
  [`A=; trap 'A=${EMPTIES}' DEBUG; exec kube-apiserver ${FLAGS} $A`, []],
  [`trap 'kube-apiserver ${EMPTIES}' EXIT; kube-apiserver ${FLAGS}`, []],
  [`A=--x; for i in 1 2; do kube-apiserver ${FLAGS} $A; unset A; A=\${A:-${EMPTIES}}; done`, []],
  [`A=; f() { unset A; : \${A:=${EMPTIES}}; }; f; kube-apiserver ${FLAGS} $A`, []],
  [`U=unset; A=/k; $U A; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=$A`, []],
  [
    `${'A'.repeat(255)}=/k; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=$${'A'.repeat(256)}`,
    [],
  ],
  [`sh -c "exec kube-apiserver ${FLAGS}$NOTHING"`, []],
  // a backslash at the end: bash drops it after a quoted line break
  ["exec kube-apiserver --x='\n' --kubelet-client-certificate=/c --kubelet-client-key=\\", []],
];
