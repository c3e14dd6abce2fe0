import type { OpenStorage } from '../../contracts/conformance/storage-suite.ts';
import { silentLogger } from '../../contracts/logger.ts';
import { plugin } from './index.ts';

/** A fresh, empty memory storage for the conformance suite; there is nothing to reopen. */
export const open: OpenStorage = async () => {
  const backend = await plugin.open({}, { logger: silentLogger, onFatal() {} });
  return { backend, dispose: () => backend.close() };
};
