// Why an API server rejects credentials, as far as the credentials show it.

import { X509Certificate } from 'node:crypto';

import { asRecord, parseJson } from '../../json.ts';
import type { Credentials } from '../kubeconfig/credentials.ts';
import type { AccessUser } from '../kubeconfig/user.ts';
import { faultLine } from './connection.ts';

/** What kubectl says about HTTP 401. */
const LOGGED_OUT = 'error: You must be logged in to the server';

/** The line of an API server that answered 401. */
export function rejectedLine(
  server: string,
  { user, name }: { readonly user: AccessUser; readonly name: string },
  credentials: Credentials,
  now: Date,
): string {
  const [reason, remedy] = reasonOf(user, credentials, now);
  const what = `${new URL(server).origin} does not accept the credentials of ${name} (HTTP 401): ${reason}`;
  return faultLine({ what, kubectl: LOGGED_OUT, remedy });
}

type Reason = readonly [reason: string, remedy: string];

const LOG_IN = 'log in again, or get a new kubeconfig';

function reasonOf(user: AccessUser, { headers, certificate }: Credentials, now: Date): Reason {
  const { Authorization: authorization } = headers;
  if (user.basic !== undefined) {
    return ['they are a password, which API servers no longer take', 'use a token, a certificate or a plugin'];
  }
  if (typeof authorization === 'string') return tokenReason(user, authorization, now);
  if (certificate !== undefined) return certificateReason(certificate.cert, now);
  return ['there are none', LOG_IN];
}

function tokenReason(user: AccessUser, authorization: string, now: Date): Reason {
  const end = endOfToken(authorization);
  const source = user.exec === undefined ? 'the token' : `the token that the plugin ${user.exec.command} printed`;
  if (end !== undefined && end <= now) return [`${source} expired on ${timeOf(end)}`, LOG_IN];
  return [`${source} has expired, was revoked, or is of another cluster`, LOG_IN];
}

function endOfToken(authorization: string): Date | undefined {
  const [, payload = ''] = authorization.split('.');
  const { exp } = asRecord(parseJson(Buffer.from(payload, 'base64url').toString()));
  return typeof exp === 'number' && Math.abs(exp) < 8e12 ? new Date(exp * 1000) : undefined;
}

function certificateReason(pem: string, now: Date): Reason {
  const { validToDate: end, validFromDate: start, issuer } = new X509Certificate(pem);
  if (end <= now) {
    const remedy = 'renew it (kubeadm: kubeadm certs renew admin.conf), or get a new kubeconfig';
    return [`the client certificate expired on ${timeOf(end)}`, remedy];
  }
  if (start > now) return [`the client certificate is not valid before ${timeOf(start)}`, 'check the clocks'];
  const name = issuer.replaceAll('\n', ', ');
  return [`the client certificate, issued by ${name}, is of another cluster or of a replaced CA`, LOG_IN];
}

function timeOf(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}
