import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenStorage } from '../../contracts/conformance/storage-suite.ts';
import { silentLogger } from '../../contracts/logger.ts';
import type { StorageBackend } from '../../contracts/storage.ts';
import { plugin } from './index.ts';

/** A fresh database in a temporary folder; every handle has its own connections, as another process would. */
export const open: OpenStorage = async () => {
  const path = await mkdtemp(join(tmpdir(), 'coffer-storage-'));
  const handles: StorageBackend[] = [];
  const openHandle = async () => {
    const handle = await plugin.open({ path, exclusive: false }, { logger: silentLogger, onFatal() {} });
    handles.push(handle);
    return handle;
  };
  return {
    backend: await openHandle(),
    reopen: openHandle,
    openAnother: openHandle,
    async dispose() {
      await Promise.all(handles.map((handle) => handle.close()));
      await rm(path, { recursive: true });
    },
  };
};
