// Asks kubelets by the start of a TLS handshake.

import { connect, isIP, type Socket } from 'node:net';

import type { RawDocument } from '../../policy/document.ts';
import type { AskedSource, Problem, ProblemCode } from '../../policy/reading.ts';
import type { KubeletEvidence, NodeTarget } from '../evidence.ts';
import { clientHello } from './client-hello.ts';
import { HelloFault } from './fields.ts';
import type { ReadNames } from '../serving-names.ts';
import { distinguishedNames } from '../certificates/names.ts';
import { readHello } from './server-hello.ts';

/** How kubelets are asked. */
export interface HandshakeOptions {
  /** Milliseconds for all of it, from the look-up of the name to the last byte. */
  readonly timeout: number;
  /** Whether an address that a host name leads to may be asked; without it, any. */
  readonly accepts?: (address: string) => boolean;
  /** Reads the certificate, with which it checks that the server is the node. */
  readonly readNames?: ReadNames;
}

/**
 * Asks a kubelet by the start of a TLS 1.2 handshake: with a client CA it names the CAs that it accepts client
 * certificates of, without one it requests no certificate (crypto/tls sends CertificateRequest only where ClientAuth is
 * set, and the kubelet sets it only with a client CA file: pkg/kubelet/kubelet.go, NewMainKubelet). Nothing is
 * authenticated by it, neither the kubelet nor who asks.
 */
export function handshakeEvidence(options: HandshakeOptions): KubeletEvidence {
  return {
    name: 'handshake',
    wanted: 'hello',
    ask: async (node, signal) => {
      const source: AskedSource = { node: node.name, via: 'handshake' };
      const answer = await ask(node, options, signal);
      if (answer.problem !== undefined) {
        return { form: 'unanswered', component: 'kubelet', wanted: 'hello', source, problem: answer.problem };
      }
      return { form: 'hello', source, authorities: answer.authorities };
    },
  };
}

type Answer =
  | { readonly problem?: undefined; readonly authorities: Extract<RawDocument, { form: 'hello' }>['authorities'] }
  | { readonly problem: Problem };

/** Resolves at the first of: a result, the end of the connection, the end of the time, the signal. */
function ask(node: NodeTarget, options: HandshakeOptions, signal: AbortSignal): Promise<Answer> {
  const { address, port } = node;
  if (!isAskable(address, port)) {
    return Promise.resolve(
      problem('unreachable', "the node's address and port cannot be used: check its status.addresses"),
    );
  }
  const server = isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
  if (signal.aborted) {
    return Promise.resolve(
      problem('timeout', `${server} was not asked, because the run was stopped: let it run to its end`),
    );
  }
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, noDelay: true });
    let isConnected = false;
    let isOver = false;
    const end = (answer: Answer, isComplete = answer.problem === undefined): void => {
      // a connection that is being closed can still send data
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      if (isComplete) close(socket);
      else socket.destroy();
      resolve(answer);
    };
    const fail = (code: ProblemCode, message: string): void => {
      end(problem(code, `${server} ${message}`));
    };
    const stop = (): void => {
      fail('timeout', 'did not answer before the run was stopped: let it run to its end');
    };
    const timer = setTimeout(() => {
      if (isConnected)
        fail('timeout', `accepted the connection and gave no whole answer within ${options.timeout} ms: ${SLOW}`);
      else fail('unreachable', `accepted no connection within ${options.timeout} ms: ${BLOCKED}`);
    }, options.timeout);
    signal.addEventListener('abort', stop, { once: true });
    socket.on('connect', () => {
      isConnected = true;
      sendHello(socket, node, options, fail);
    });
    readAnswer(socket, node, options, end, fail);
    socket.on('end', () => {
      fail('unreachable', `closed the connection within the TLS handshake: ${CUT}`);
    });
    socket.on('error', ({ code = 'unknown error' }: NodeJS.ErrnoException) => {
      if (isConnected) fail('unreachable', `broke the connection off (${code}): ${CUT}`);
      else fail('unreachable', `cannot be reached (${code}): ${adviceFor(code)}`);
    });
  });
}

type Fail = (code: ProblemCode, message: string) => void;

/** Sends the client's hello, unless the name of the node leads to an address that must not be asked. */
function sendHello(socket: Socket, { address }: NodeTarget, { accepts }: HandshakeOptions, fail: Fail): void {
  const { remoteAddress = '' } = socket;
  if (isIP(address) === 0 && accepts?.(remoteAddress) === false)
    fail('unreachable', `leads to ${remoteAddress}, where nothing is asked: ${NAMESAKE}`);
  else socket.write(clientHello(address));
}

function readAnswer(
  socket: Socket,
  { identityProblem }: NodeTarget,
  { readNames }: HandshakeOptions,
  end: (answer: Answer, isComplete: boolean) => void,
  fail: Fail,
): void {
  const reader = readHello();
  socket.on('data', (chunk: Buffer) => {
    const result = reader.push(chunk);
    if (result instanceof HelloFault) fail(result.code, result.message);
    else if (result !== undefined) {
      const doubt = identityProblem?.(readNames?.(result.certificate));
      const authorities = result.authorities && distinguishedNames(result.authorities);
      end(doubt ? { problem: doubt } : { authorities }, true);
    }
  });
}

const BLOCKED = 'look for a firewall, security group or NetworkPolicy that drops what goes to this port';
const CUT =
  "check that this port is a kubelet's, and look for a proxy, firewall or NetworkPolicy that cuts connections";
const NAMESAKE = "check the node's address, and what DNS and /etc/hosts make of it here";
const SLOW = "check that this port is a kubelet's, and how busy the node and the network are";

function adviceFor(code: string): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return "check the node's address, and that DNS knows it";
  if (code === 'ECONNREFUSED') return 'check that the kubelet runs, and its port in status.daemonEndpoints';
  return BLOCKED;
}

/** Anybody who may write a node's status chooses where this leads, and what is written in a message. */
function isAskable(address: string, port: number): boolean {
  const isHost = isIP(address) !== 0 || (address.length <= 253 && HOST_NAME.test(address));
  return isHost && Number.isInteger(port) && port > 0 && port < 65_536;
}

const HOST_NAME = /^[a-z\d]([a-z\d_-]*[a-z\d])?(\.[a-z\d]([a-z\d_-]*[a-z\d])?)*\.?$/i;

const CLOSE_NOTIFY = Buffer.from([21, 3, 3, 0, 2, 1, 0]);

/**
 * With close_notify first, so that the server sees an orderly end. The kubelet logs one line for each hello all the same
 * (`http: TLS handshake error from ...: EOF`), the shortest there is: only a whole handshake would leave none.
 */
function close(socket: Socket): void {
  socket.write(CLOSE_NOTIFY);
  socket.destroySoon();
}

function problem(code: ProblemCode, message: string): Answer {
  return { problem: { code, message } };
}
