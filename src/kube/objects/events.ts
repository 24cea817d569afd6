import type { Problem } from '../../policy/reading.ts';
import { passingProblem, refusalOf } from '../api-problem.ts';
import type { Api, ApiAnswer } from '../api.ts';

/** An Event to be created. */
export interface NamedEvent {
  readonly metadata: { readonly name: string; readonly namespace: string };
}

/** Creates an Event, unless there is one of its name; gives the problem where it cannot. Never rejects. */
export type Announce = (event: NamedEvent, signal: AbortSignal) => Promise<Problem | undefined>;

const LIMITS = { timeout: 10_000, limit: 1024 * 1024 };

/** Announces in a cluster. */
export function eventSink(api: Api): Announce {
  return async (event, signal) => {
    const { namespace } = event.metadata;
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
    try {
      return problemOf(await api({ ...LIMITS, method: 'POST', path, body: event }, signal), namespace);
    } catch (cause) {
      return passingProblem(cause);
    }
  };
}

function problemOf(answer: ApiAnswer, namespace: string): Problem | undefined {
  const { status } = answer;
  // 409: who saw the same before has announced it
  if ((status >= 200 && status < 300) || status === 409) return undefined;
  const fault = refusalOf(answer);
  const { message } = fault;
  switch (status) {
    case 401:
    case 403:
      return {
        code: 'forbidden',
        message: `may not create Events in ${namespace}: give the service account this right (${message})`,
      };
    case 404:
      return { code: 'not-found', message: `there is no namespace ${namespace} for an Event` };
    case 400:
    case 422:
      return { code: 'malformed', message: `the API server refuses the Event (${message})` };
    default:
      return passingProblem(fault);
  }
}
