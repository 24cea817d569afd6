// Creates Events, unless an Event of the same name exists.

import type { Problem } from '../../policy/reading.ts';
import { ApiFault, passingProblem, type Api } from '../api.ts';
import { objectClient } from './client.ts';
import { EVENTS } from './resources.ts';

/** An Event to be created. */
export interface NamedEvent {
  readonly metadata: { readonly name: string; readonly namespace: string };
}

/** Creates an Event, unless there is one of its name. Resolves to the problem where it cannot; never rejects. */
export type CreateEvent = (event: NamedEvent, signal: AbortSignal) => Promise<Problem | undefined>;

const LIMITS = { timeout: 10_000, limit: 1024 * 1024 };

/** Creates Events in a cluster. */
export function eventSink(api: Api): CreateEvent {
  return async (event, signal) => {
    const { namespace } = event.metadata;
    try {
      await objectClient(api, EVENTS, { namespace, ...LIMITS }).create(event, signal);
      return undefined;
    } catch (cause) {
      return problemOf(cause, namespace);
    }
  };
}

function problemOf(cause: unknown, namespace: string): Problem | undefined {
  const { status = 0, message } = cause instanceof ApiFault ? cause : new ApiFault('no reason given');
  switch (status) {
    case 409:
      // another replica saw the same and created it
      return undefined;
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
      return { code: 'malformed', message: `the API server denies the Event (${message})` };
    default:
      return passingProblem(cause);
  }
}
