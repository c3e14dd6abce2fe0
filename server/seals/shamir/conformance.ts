import { randomBytes } from 'node:crypto';
import type { OpenSeal } from '../../contracts/conformance/seal-suite.ts';
import { silentLogger } from '../../contracts/logger.ts';
import { plugin } from './index.ts';

/** Each world has its own unseal key; the older key of this seal is one from before a rekey. */
export const open: OpenSeal = async () => {
  const context = { environment: {}, logger: silentLogger };
  const unsealKey = randomBytes(32);
  const keyed = async (key: Uint8Array) => {
    const seal = (await plugin.open({}, context)).withKey?.(key);
    if (!seal) throw new Error('a seal of mode shares without withKey');
    return seal;
  };
  return {
    seal: await keyed(unsealKey),
    again: () => keyed(unsealKey),
    withOtherKey: () => keyed(randomBytes(32)),
    withoutKey: () => plugin.open({}, context),
    secrets: [unsealKey],
    dispose: async () => {},
  };
};
