import { request } from 'node:http';

export interface LocalAnswer {
  readonly status: number;
  readonly text: string;
}

/** Calls kubelet-guard's local port: health, metrics, report. */
export function callLocal(port: number, path: string, method = 'GET'): Promise<LocalAnswer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, agent: false, timeout: 30_000 };
    const outgoing = request(options, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => (text += chunk));
      incoming.once('error', reject);
      incoming.once('end', () => {
        resolve({ status: incoming.statusCode ?? 0, text });
      });
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error(`${path} took too long`)));
    outgoing.once('error', reject).end();
  });
}

/** The sum of the samples of a metric that have all of the labels; undefined if there is none. */
export function sample(
  metrics: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const lines = metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((label) => line.includes(label)));
  if (lines.length === 0) return undefined;
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
