// Answers that do not come from an API server: of a web server, a proxy, a login page, or a port that speaks TLS.

import { asRecord, parseJson } from '../../json.ts';
import type { ApiAnswer } from '../api.ts';
import { faultLine } from './connection.ts';

/** The line of an answer to `GET /version` that does not come from an API server; undefined if it does. */
export function strangeLine(server: string, { status, contentType, text }: ApiAnswer): string | undefined {
  const body = asRecord(parseJson(text));
  if (typeof body.gitVersion === 'string' || body.kind === 'Status') return undefined;
  const url = new URL(server);
  const type = contentType === '' ? '' : ` with ${contentType.replace(/;.*/s, '').slice(0, 60)}`;
  const isPlain = url.protocol === 'http:' && status === 400;
  return faultLine({
    what: `${url.origin} answers HTTP ${status}${type}, which is not the answer of a Kubernetes API server`,
    kubectl: kubectlWords(status, text),
    remedy: isPlain
      ? 'the port speaks TLS: write https:// in the server address of the context'
      : 'check the server address of the context, and whether a proxy or login page answers in its place',
  });
}

function kubectlWords(status: number, text: string): string | undefined {
  if (status === 400) return 'Error from server (BadRequest): the server rejected our request for an unknown reason';
  if (status === 404) return 'the server could not find the requested resource';
  return status === 200 && text.startsWith('<')
    ? "error: invalid character '<' looking for beginning of value"
    : undefined;
}
