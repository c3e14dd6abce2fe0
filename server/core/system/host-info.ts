import { statfs } from 'node:fs/promises';
import os from 'node:os';
import type { JsonObject } from '../../contracts/request.ts';

/** The machine, in the words of Vault's `sys/host-info` (which are gopsutil's). Sizes in bytes, times in seconds. */
export async function hostInfo(nowMs: number): Promise<JsonObject> {
  const cpus = os.cpus();
  return {
    timestamp: new Date(nowMs).toISOString(),
    cpu: cpus.map((cpu, index) => ({ cpu: index, modelName: cpu.model.trim(), mhz: cpu.speed, cores: 1 })),
    cpu_times: cpus.map(({ times }, index) => ({
      cpu: `cpu${index}`,
      user: times.user / 1000,
      system: times.sys / 1000,
      idle: times.idle / 1000,
      nice: times.nice / 1000,
      irq: times.irq / 1000,
    })),
    disk: await disks(),
    host: {
      hostname: os.hostname(),
      uptime: Math.floor(os.uptime()),
      bootTime: Math.floor(nowMs / 1000 - os.uptime()),
      os: os.platform(),
      platform: os.platform(),
      platformVersion: os.version(),
      kernelVersion: os.release(),
      kernelArch: os.machine(),
    },
    memory: memory(),
  };
}

function memory(): JsonObject {
  const total = os.totalmem();
  const free = os.freemem();
  return {
    total,
    available: free,
    free,
    used: total - free,
    usedPercent: total === 0 ? 0 : ((total - free) / total) * 100,
  };
}

/** The file system of the working folder; a machine that does not tell has none. */
async function disks(): Promise<JsonObject[]> {
  try {
    const { bsize, blocks, bfree, bavail, files, ffree, type } = await statfs('.');
    const used = (blocks - bfree) * bsize;
    return [
      {
        path: '.',
        fstype: `0x${type.toString(16)}`,
        total: blocks * bsize,
        free: bavail * bsize,
        used,
        usedPercent: blocks === 0 ? 0 : (used / (blocks * bsize)) * 100,
        inodesTotal: files,
        inodesUsed: files - ffree,
        inodesFree: ffree,
      },
    ];
  } catch {
    return [];
  }
}
