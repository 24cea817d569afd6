// The metrics of the process and of Node.js, under the names that Prometheus clients give them. All are measured at a scrape.
// prom-client's own would wake up the process a hundred times a second, also where nothing happens, to time its event loop.

import { readdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

import { Counter, Gauge, type Registry } from 'prom-client';

/** Adds the metrics of this process. */
export function processMetrics(registers: Registry[]): void {
  const seconds = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time in seconds.',
    registers,
    collect: () => {
      const { user, system } = process.cpuUsage();
      seconds.reset();
      seconds.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start time of the process in seconds since the Unix epoch.',
    registers,
  }).set(performance.timeOrigin / 1000);
  const version = process.version;
  new Gauge({
    name: 'nodejs_version_info',
    help: 'The version of Node.js; always 1.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
  measured('process_open_fds', 'Open file descriptors.', openFiles);
  measured('process_resident_memory_bytes', 'Resident memory in bytes.', () => process.memoryUsage.rss());
  measured('nodejs_heap_size_total_bytes', 'Size of the heap in bytes.', () => process.memoryUsage().heapTotal);
  measured('nodejs_heap_size_used_bytes', 'Used part of the heap in bytes.', () => process.memoryUsage().heapUsed);
  measured('nodejs_external_memory_bytes', 'Memory outside of the heap that objects own, in bytes.', () => {
    return process.memoryUsage().external;
  });
  measured('nodejs_eventloop_utilization', 'Share of the time since the start in which the event loop worked.', () => {
    return performance.eventLoopUtilization().utilization;
  });

  function measured(name: string, help: string, measure: () => number | undefined): void {
    const gauge = new Gauge({
      name,
      help,
      registers,
      collect: () => {
        const value = measure();
        if (value !== undefined) gauge.set(value);
      },
    });
  }
}

/** Linux only. */
function openFiles(): number | undefined {
  try {
    // one of them is the folder that is being read
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}
