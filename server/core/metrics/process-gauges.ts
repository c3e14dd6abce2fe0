import { performance } from 'node:perf_hooks';
import type { Gauge } from './metric.ts';

/** The process itself. Read when asked for; nothing runs in between. */
export function processGauges(): Gauge[] {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const gauge = (name: string, value: number, help: string): Gauge => ({ name, labels: {}, help, value });
  return [
    gauge('runtime.alloc_bytes', heapUsed, 'Memory in use by JavaScript objects.'),
    gauge('runtime.sys_bytes', rss, 'Resident memory of the process.'),
    gauge('runtime.heap_total_bytes', heapTotal, 'Memory reserved for JavaScript objects.'),
    gauge('runtime.external_bytes', external, 'Memory of buffers and native objects.'),
    gauge('runtime.array_buffer_bytes', arrayBuffers, 'Memory of buffers.'),
    gauge('runtime.cpu_seconds', (user + system) / 1_000_000, 'Processor time used by the process.'),
    gauge(
      'runtime.event_loop_utilization',
      performance.eventLoopUtilization().utilization,
      'Share of its time in which the event loop was busy, since the start.',
    ),
  ];
}
