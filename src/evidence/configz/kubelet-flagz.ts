// Asks kubelets for `/flagz`: the command line that they run with, with the defaults of flags that are not set.

import { asRecord, isRecord, parseJson } from '../../json.ts';
import type { HttpAnswer } from '../../kube/http/answer.ts';
import type { RawDocument } from '../../policy/document.ts';
import type { AskedSource } from '../../policy/reading.ts';
import type { KubeletEvidence, NodeTarget } from '../evidence.ts';
import { reasonOf, refusal, unanswered } from './answer.ts';
import type { CallKubelet, KubeletAnswer } from './caller.ts';

/** The versions of the answer, the newest first; a kubelet that knows none of them answers 406 (component-base zpages/flagz). */
const VERSIONS = ['v1beta1', 'v1alpha1'];

/** Asks the kubelet itself, with these calls. */
export function kubeletFlagzBy(call: CallKubelet): KubeletEvidence {
  const attempt = (node: NodeTarget, version: string, signal: AbortSignal): Promise<KubeletAnswer> =>
    call(node, { path: '/flagz', accept: `application/json;v=${version};g=config.k8s.io;as=Flagz` }, signal);
  return {
    name: 'kubelet-flagz',
    wanted: 'configz',
    refines: true,
    ask: async (node, signal) => {
      const source = { node: node.name, via: 'kubelet-flagz' } as const;
      try {
        const [newest = '', ...older] = VERSIONS;
        let { answer, by } = await attempt(node, newest, signal);
        for (const version of older) if (answer.status === 406) ({ answer, by } = await attempt(node, version, signal));
        if (answer.status === 200) return flagzDocument(source, answer);
        if (answer.status === 404 || answer.status === 406) {
          return unanswered(source, 'not-found', `HTTP ${answer.status}: no /flagz there; kubelets have it from 1.36`);
        }
        return unanswered(source, ...refusal(answer.status, by));
      } catch (cause) {
        return unanswered(source, ...reasonOf(cause, signal));
      }
    },
  };
}

function flagzDocument(source: AskedSource, { text }: HttpAnswer): RawDocument {
  const value = parseJson(text);
  const { kind, flags } = asRecord(value);
  if (kind !== 'Flagz' || !isRecord(flags)) {
    return unanswered(source, 'malformed', 'the answer is no Flagz object; see what listens at its port');
  }
  return { form: 'kubelet-flagz', source, flags };
}
