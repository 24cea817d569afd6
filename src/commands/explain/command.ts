import type { Command } from 'commander';

import { StartError } from '../../runtime/start-error.ts';
import type { Terminal } from '../terminal.ts';

/** `explain`: what a control wants. */
export function addExplain(root: Command, { print }: Terminal): void {
  root
    .command('explain')
    .description('Says what a control wants, why, and how to fix it.')
    .argument('<slug>', 'the control, as reports name it')
    .action(async (slug: string) => {
      const [{ controls }, { explainControl }] = await Promise.all([
        import('../../controls/index.ts'),
        import('./explain.ts'),
      ]);
      const control = controls.find((candidate) => candidate.slug === slug);
      if (control === undefined) {
        const known = controls.map((candidate) => candidate.slug).join(', ');
        throw new StartError('usage', `there is no control ${JSON.stringify(slug)}; the controls are ${known}`);
      }
      print(explainControl(control));
    });
}
