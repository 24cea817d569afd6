// The table of edge cases, rows 1-143. Each is either checked here, or listed with the command that can see it. If a
// result is not the one that the real component suggests, docs/adr/0003 gives the reason.

import { describe, expect, test } from '@jest/globals';

import { rows as argv } from './argv.rows.ts';
import { rows as configMaps } from './config-maps.rows.ts';
import { rows as kubelet } from './kubelet.rows.ts';
import { rows as launch } from './launch.rows.ts';
import { rows as live } from './live.rows.ts';
import { rows as pods } from './pods.rows.ts';
import { rows as variables } from './variables.rows.ts';

const sections = { argv, variables, launch, pods, kubelet, 'config maps': configMaps, live };

/** Rows that no document can show: the command that can see them, and why. */
const elsewhere: readonly (readonly [row: number, area: 'node audit' | 'sweep', reason: string])[] = [
  [55, 'sweep', 'a managed control plane has no pod and no process; only /flagz may answer'],
  [63, 'node audit', 'the kubelet skips dot files only in its manifest folder'],
  [64, 'node audit', 'which of two manifests wins is known only in the manifest folder, by the order of the kubelet'],
  [65, 'node audit', 'as 64'],
  [68, 'sweep', 'a difference between the file and the mirror pod is visible only if both are read'],
  [69, 'node audit', 'a static pod without a mirror pod is seen only on its node'],
  [84, 'node audit', 'which files of a --config-dir count is known only on the node'],
  [85, 'node audit', 'as 84, in sub-directories'],
  [86, 'node audit', 'as 84, if the directory is a link'],
  [95, 'node audit', 'whether the file exists'],
  [96, 'sweep', 'a bundle that was deleted from the disk and is still in use: two sources that disagree'],
  [97, 'node audit', 'what the file contains'],
  [106, 'sweep', 'a configuration that changed under a running kubelet: two sources that disagree'],
  [129, 'sweep', 'a 401 of the kubelet'],
  [130, 'sweep', 'a 403 of the kubelet'],
  [131, 'sweep', 'a 404 of the kubelet'],
  [132, 'sweep', 'a 401 or 403 through the proxy while the direct call works'],
  [133, 'sweep', 'a time-out, a TLS error, a node that is not ready or is virtual'],
  [134, 'sweep', "the kubelet's address and port come from the Node"],
  [135, 'sweep', 'redirects and bodies without end'],
  [136, 'sweep', 'the text form of /flagz is never requested'],
  [137, 'node audit', 'which process is a kubelet'],
  [138, 'node audit', 'argv is read from /proc'],
  [139, 'node audit', 'several kubelets in several PID namespaces'],
  [140, 'node audit', 'files of the environment that systemd reads'],
  [141, 'node audit', "systemd's drop-ins"],
  [142, 'node audit', "microk8s's argument files"],
];

describe.each(Object.entries(sections))('%s', (_name, rows) => {
  const named = rows.map((row) => ({ ...row, verdict: row.expected.join(', ') || 'no finding' }));

  test.each(named)('row $row: $title → $verdict', ({ show, expected, effective }) => {
    const { lines, findings } = show();
    expect(lines).toStrictEqual(expected);
    if (effective !== undefined) expect(findings.at(-1)?.evidence.at(-1)?.value).toBe(effective);
  });
});

test('every row is either checked or listed', () => {
  const shown = new Set(Object.values(sections).flatMap((rows) => rows.map(({ row }) => row)));
  const named = elsewhere.map(([row]) => row);
  expect([...shown, ...named].sort((a, b) => a - b)).toStrictEqual(
    Array.from({ length: 143 }, (_, index) => index + 1),
  );
});

test('no two cases of a row have the same title', () => {
  const titles = Object.values(sections).flatMap((rows) => rows.map(({ row, title }) => `${String(row)}: ${title}`));
  expect(new Set(titles).size).toBe(titles.length);
});
