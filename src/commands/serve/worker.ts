// The thread in which the webhook looks at reviews that may take long. It decides nothing and remembers nothing.

import { parentPort } from 'node:worker_threads';

import { controls } from '../../controls/index.ts';
import { lookAt } from '../../webhook/worker.ts';
import type { AsideJob } from '../../webhook/worker.ts';
import { ADMISSION } from '../allowances.ts';

parentPort?.on('message', (job: AsideJob) => {
  parentPort?.postMessage(lookAt(job, controls, ADMISSION));
});

parentPort?.postMessage('loaded');
