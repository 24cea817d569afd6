// Sends reviews that were built to take long, one after another without a pause, until it is killed. It is a separate process,
// so that the cost of sending does not count as time of the webhook. Arguments: port, CA file.

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';

import { PATHOLOGICAL_REVIEWS } from '../../support/pathological-reviews.ts';

const [, , port = '', caFile = ''] = process.argv;
const ca = readFileSync(caFile, 'utf8');
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

const bodies = PATHOLOGICAL_REVIEWS.flatMap(({ created, updated, escaped }, index) => {
  if (index % 16 !== 0) return [];
  return [created(64 * 1024), updated(), ...(index % 64 === 0 ? [escaped()] : [])].map((body) => Buffer.from(body));
});

function send(body: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const options = { host: '127.0.0.1', port, path: '/validate?timeout=2s', method: 'POST', headers, ca, agent };
    const outgoing = request(options, (response) => response.resume().once('end', resolve));
    outgoing
      .once('error', () => {
        resolve();
      })
      .end(body);
  });
}

process.stdout.write('attacks\n');
for (;;) for (const body of bodies) await send(body);
