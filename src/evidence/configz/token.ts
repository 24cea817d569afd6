// Short-lived tokens of a service account, by TokenRequest.

import { asRecord } from '../../json.ts';
import { ApiFault, jsonOf, type Api } from '../../kube/api.ts';
import { pathOf, SERVICE_ACCOUNTS } from '../../kube/objects/resources.ts';

/** The account whose tokens are asked for, and how. */
export interface TokenOptions {
  readonly request: Api;
  readonly namespace: string;
  /** The name of the service account. */
  readonly account: string;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
}

/** Gives short-lived tokens of a service account, the same one for as long as it is fresh. */
export interface TokenSource {
  /**
   * All who ask at the same time wait for the same request.
   *
   * @throws ApiFault with what to do about it
   */
  readonly token: () => Promise<string>;
  /**
   * A token was refused somewhere. One that was just made is not the cause, and stays.
   *
   * @returns whether the next token is another one, so that trying again is worth it
   */
  readonly refused: (token: string) => boolean;
}

/** The shortest life that an API server gives (pkg/apis/authentication/validation/validation.go, v1.37.2). */
const SECONDS = 600;
const LONGEST_SECONDS = 3600;
/** The part of its life after which a token is replaced. */
const FRESH = 0.6;
/** For this long a failure is repeated instead of asking again. */
const FAILURE_STANDS = 5000;
/** A refused token is kept for at least this long: a kubelet that accepts none must not cause a request each time. */
const YOUTH = 60_000;
/** For all tries together: thousands of kubelets wait for this token, and are unknown without it. */
const PATIENCE = 30_000;
const LIMIT = 256 * 1024;

/** Tokens by TokenRequest, without audiences: a kubelet has them reviewed as tokens for the API server. */
export function tokenSource(options: TokenOptions): TokenSource {
  const { clock } = options;
  let current: { readonly token: Promise<string>; value?: string; readonly made: number; until: number } | undefined;
  const renew = (): Promise<string> => {
    const made = clock();
    const asked = askForToken(options);
    const token = asked.then((answer) => answer.token);
    const entry: NonNullable<typeof current> = { token, made, until: Infinity };
    current = entry;
    asked.then(
      ({ token: value, seconds }) => {
        entry.value = value;
        entry.until = made + seconds * 1000 * FRESH;
      },
      () => {
        entry.until = clock() + FAILURE_STANDS;
      },
    );
    return token;
  };
  return {
    token: () => (current !== undefined && clock() < current.until ? current.token : renew()),
    refused: (token) => {
      if (current?.value !== token) return true;
      if (clock() - current.made < YOUTH) return false;
      current = undefined;
      return true;
    },
  };
}

async function askForToken({ request, namespace, account }: TokenOptions): Promise<{ token: string; seconds: number }> {
  const path = pathOf(SERVICE_ACCOUNTS, { namespace, name: account, subresource: 'token' });
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: SECONDS },
  };
  try {
    // shared by all who wait, so none of them ends it
    const { signal } = new AbortController();
    const answer = await request(
      { method: 'POST', path, body, mayRepeat: true, timeout: PATIENCE, limit: LIMIT },
      signal,
    );
    const { spec, status } = asRecord(jsonOf(answer));
    const { token } = asRecord(status);
    // visible ASCII: it becomes part of a header
    if (typeof token !== 'string' || !/^[!-~]+$/.test(token)) throw new ApiFault('the answer has no token');
    const { expirationSeconds } = asRecord(spec);
    const seconds = typeof expirationSeconds === 'number' ? Math.min(expirationSeconds, LONGEST_SECONDS) : SECONDS;
    return { token, seconds };
  } catch (cause) {
    const { message, status } = cause as ApiFault;
    const words = `no token of the service account ${namespace}/${account}: ${message}${adviceFor(status, account)}`;
    throw new ApiFault(words, status, { cause });
  }
}

function adviceFor(status: number | undefined, account: string): string {
  if (status === 404) return '; apply the manifests, which create it';
  if (status === 403) {
    return `; allow this process to create serviceaccounts/token, with resourceNames [${account}], in that namespace`;
  }
  return '';
}
