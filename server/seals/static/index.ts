import { type Seal, SealError, type SealPlugin } from '../../contracts/seal.ts';
import { keyIdOf, unwrapBytes, wrapBytes } from '../wrapped-bytes.ts';
import { readStaticKeys, type StaticKeys } from './static-keys.ts';

export { createStaticKeyFile } from './create-static-key-file.ts';

const type = 'static';

/**
 * The seal of a server that unseals itself with a key from a file or from its environment. Settings: `key_file`, or
 * `current_key_id`, `current_key`, `previous_key_id` and `previous_key` as OpenBao has them; without any, the
 * variables `COFFER_SECRET_ENCRYPTION_KEY` and `COFFER_SECRET_ENCRYPTION_KEY_PREVIOUS`.
 *
 * While a key is being replaced, what the previous one wrapped still opens, is stale, and is wrapped again by core.
 */
export const plugin: SealPlugin = {
  type,
  mode: 'auto',
  async open(settings, { environment }) {
    return staticSeal(await readStaticKeys(settings, environment));
  },
};

function staticSeal(keys: StaticKeys): Seal {
  let held: StaticKeys | undefined = keys;
  const needed = (): StaticKeys => {
    if (held) return held;
    throw new SealError('unavailable', 'seal "static" is closed', 'Start the server again.');
  };
  return {
    type,
    mode: 'auto',
    async wrap(plaintext, context) {
      return wrapBytes(type, needed().current, plaintext, context);
    },
    async unwrap(wrapped, context) {
      const { current, previous } = needed();
      const id = keyIdOf(wrapped);
      const fitting = [current, previous].find((candidate) => candidate?.id === id);
      if (!fitting)
        throw wrongKey(`the store is sealed with the key "${id}", and this one is "${current.id}"`);
      try {
        return unwrapBytes(type, fitting.key, wrapped, context);
      } catch (error) {
        if (!(error instanceof SealError) || error.kind !== 'wrong-key') throw error;
        throw wrongKey(
          `the key "${id}" is not the one that this store was sealed with, though it has its name`,
        );
      }
    },
    isStale(wrapped) {
      return keyIdOf(wrapped) !== needed().current.id;
    },
    async close() {
      held = undefined;
    },
  };
}

function wrongKey(message: string): SealError {
  return new SealError(
    'wrong-key',
    message,
    'Put the right key back, or name it as previous_key (COFFER_SECRET_ENCRYPTION_KEY_PREVIOUS) while it is being replaced. Without it the store cannot be opened by anybody.',
  );
}
