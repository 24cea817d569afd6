// The script of the worker thread: it turns the bodies of slow reviews into findings.

import { parentPort } from 'node:worker_threads';

import { controls } from '../../controls/index.ts';
import { runJob, type FindingsJob } from '../../webhook/worker.ts';
import { ADMISSION } from '../allowances.ts';

parentPort?.on('message', (job: FindingsJob) => {
  parentPort?.postMessage(runJob(job, controls, ADMISSION));
});

parentPort?.postMessage('loaded');
