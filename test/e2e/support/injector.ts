import { createServer, request as requestTls } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Cleanup } from './cleanup.ts';
import type { ControlPlane } from './control-plane.ts';

/** What happens to a call: it gets this answer, or is forwarded after a delay. */
export type Fault =
  | { readonly status: number; readonly message: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly delay: number };

/** An API server with faults: a proxy in front of the real one, which forwards the credentials of the caller. */
export interface Injector {
  readonly port: number;
  /** The next call whose `METHOD path` matches has this fault, once. */
  readonly once: (call: RegExp, fault: Fault) => void;
  /** The calls that had a fault, as `METHOD path`. */
  readonly injected: readonly string[];
  /** The statuses with which the real API server rejected calls. */
  readonly rejected: readonly number[];
}

/** Starts it on loopback. */
export async function startInjector(cleanup: Cleanup, plane: ControlPlane): Promise<Injector> {
  const faults: { readonly call: RegExp; readonly fault: Fault }[] = [];
  const injected: string[] = [];
  const rejected: number[] = [];
  const pair = plane.authority.issue({ name: 'injector', addresses: ['127.0.0.1'] });

  const passOn = (incoming: IncomingMessage, response: ServerResponse): void => {
    const { method, url = '', headers } = incoming;
    const to = new URL(url, `https://127.0.0.1:${plane.port}`);
    const outgoing = requestTls(to, { method, headers, ca: plane.authority.certificate }, (answer) => {
      const { statusCode = 502 } = answer;
      if (statusCode >= 400) rejected.push(statusCode);
      response.writeHead(statusCode, answer.headers);
      answer.pipe(response);
    });
    outgoing.once('error', () => response.destroy());
    response.once('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  };
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = `${incoming.method ?? ''} ${incoming.url ?? ''}`;
    const index = faults.findIndex(({ call: wanted }) => wanted.test(call));
    const [found] = index < 0 ? [] : faults.splice(index, 1);
    if (found !== undefined) injected.push(call);
    if (found !== undefined && 'status' in found.fault) {
      const { status, message, headers } = found.fault;
      incoming.resume();
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, message }));
      return;
    }
    if (found !== undefined && 'delay' in found.fault) await setTimeout(found.fault.delay);
    passOn(incoming, response);
  };
  const server = createServer({ cert: pair.certificate, key: pair.key }, (incoming, response) => {
    void serve(incoming, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  cleanup.add(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    port: (server.address() as AddressInfo).port,
    once: (call, fault) => faults.push({ call, fault }),
    injected,
    rejected,
  };
}
