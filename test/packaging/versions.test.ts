import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';
import { parse } from 'yaml';

import { CHECKOUT } from '../support/dockerfile.ts';

const read = (path: string) => readFileSync(join(CHECKOUT, path), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };

test('the chart and the program have the same version', () => {
  expect(parse(read('manifests/chart/kubelet-guard/Chart.yaml'))).toMatchObject({ version, appVersion: version });
});

test.each(['base/webhook.yaml', 'base/sweeper.yaml', 'components/node-agent/daemonset.yaml', 'job/job.yaml'])(
  '%s runs the image of that version',
  (path) => {
    expect(read(`manifests/${path}`).match(/image: .*/g)).toEqual([`image: kubelet-guard:${version}`]);
  },
);

test('CI and releases use the same version of Helm', () => {
  const [, wanted] = /^helm_version=(v\S+)$/m.exec(read('.ci/run')) ?? [];
  expect(read('.github/workflows/release.yml')).toContain(`version: ${String(wanted)}\n`);
});
