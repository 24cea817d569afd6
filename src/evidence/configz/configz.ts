// Asks kubelets for `/configz`.

import type { KubeletEvidence } from '../evidence.ts';
import { configzDocument, reasonOf, refusal, unanswered } from './answer.ts';
import { kubeletCaller, type CallerOptions, type CallKubelet } from './caller.ts';

/** How kubelets are asked for `/configz`. */
export type ConfigzOptions = CallerOptions;

/** Asks the kubelet itself. */
export function configzEvidence(options: ConfigzOptions): KubeletEvidence {
  return configzBy(kubeletCaller(options));
}

/** Asks the kubelet itself, with these calls. */
export function configzBy(call: CallKubelet): KubeletEvidence {
  return {
    name: 'configz',
    wanted: 'configz',
    ask: async (node, signal) => {
      const source = { node: node.name, via: 'configz' } as const;
      try {
        const { answer, by } = await call(node, { path: '/configz', accept: 'application/json' }, signal);
        if (answer.status === 200) return configzDocument(source, answer);
        return unanswered(source, ...refusal(answer.status, by));
      } catch (cause) {
        return unanswered(source, ...reasonOf(cause, signal));
      }
    },
  };
}
