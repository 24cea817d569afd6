// docs/comparison.md: what the real components make of each case.

import { afterAll, expect, jest, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { asset, describeWith } from '../e2e/support/assets.ts';
import { kubeletCase, podCase } from '../support/comparison.ts';
import { CHECKOUT } from '../support/dockerfile.ts';
import { Oracle } from '../support/oracle.ts';

jest.setTimeout(60_000);

const FIXTURES = join(CHECKOUT, 'test/fixtures/comparison');

describeWith({ assets: ['oracle'] }, 'the cases of docs/comparison.md', () => {
  const oracle = new Oracle(asset('oracle'));
  afterAll(() => oracle.close());

  const shown = (name: string) =>
    new RegExp(`^\\| \`${name}\` +\\|[^|]*\\| ([^|]*?) +\\|`, 'm').exec(
      readFileSync(join(CHECKOUT, 'docs/comparison.md'), 'utf8'),
    )?.[1];

  test.each(readdirSync(join(FIXTURES, 'kube-apiserver')))('kube-apiserver: %s', async (file) => {
    const { argv, starts } = podCase(join(FIXTURES, 'kube-apiserver', file));
    const [answer] = await oracle.ask([{ component: 'kube-apiserver', args: argv.slice(1) }]);
    expect(answer?.parses).toBe(starts);
    const presents = (answer?.kubeletClientCertificate ?? '') !== '' && (answer?.kubeletClientKey ?? '') !== '';
    expect(shown(file.replace('.yaml', ''))).toBe(starts ? (presents ? 'yes' : 'no') : 'does not start');
  });

  test.each(readdirSync(join(FIXTURES, 'kubelet')))('kubelet: %s', async (name) => {
    const { args, files } = kubeletCase(join(FIXTURES, 'kubelet', name));
    const moved = args.map((word) => word.replace(/^(--config(?:-dir)?=)\//, '$1$DIR/'));
    const [answer] = await oracle.ask([{ component: 'kubelet', args: moved, files }]);
    expect(answer).toMatchObject({ parses: true });
    expect(shown(name)).toBe((answer?.clientCAFile ?? '') === '' ? 'no' : 'yes');
  });
});
