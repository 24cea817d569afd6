// The thread in which the webhook looks at reviews that may take long. It decides nothing and remembers nothing.

import { parentPort } from 'node:worker_threads';

import { controls } from '../controls/index.ts';
import { lookAt } from '../entrances/webhook/aside.ts';
import type { AsideJob } from '../entrances/webhook/aside.ts';
import { ADMISSION } from './allowances.ts';

parentPort?.on('message', (job: AsideJob) => {
  parentPort?.postMessage(lookAt(job, controls, ADMISSION));
});

parentPort?.postMessage('loaded');
