import { createSecretKey } from 'node:crypto';
import { type Seal, SealError, type SealPlugin } from '../../contracts/seal.ts';
import { keyFingerprint, keyIdOf, unwrapBytes, type WrappingKey, wrapBytes } from '../wrapped-bytes.ts';

const type = 'shamir';
const unsealKeyBytes = 32;

/**
 * The seal of a server that people unseal: its key exists only while enough of them put their shares together.
 * Takes no settings; `disabled` is core's word for a seal that is being migrated away from.
 */
export const plugin: SealPlugin = {
  type,
  mode: 'shares',
  async open(settings) {
    const unknown = Object.keys(settings).find((name) => name !== 'disabled');
    if (unknown !== undefined) {
      throw new SealError('invalid', `seal "shamir" has no setting ${unknown}`, 'Remove it: there are none.');
    }
    return shamirSeal(undefined);
  },
};

function shamirSeal(wrapping: WrappingKey | undefined): Seal {
  let held = wrapping;
  const needed = (): WrappingKey => {
    if (held) return held;
    throw new SealError(
      'unavailable',
      'the unseal key is not here',
      'Enough people have to give their key shares.',
    );
  };
  return {
    type,
    mode: 'shares',
    async wrap(plaintext, context) {
      return wrapBytes(type, needed(), plaintext, context);
    },
    async unwrap(wrapped, context) {
      const { key } = needed();
      return unwrapBytes(type, key, wrapped, context);
    },
    isStale(wrapped) {
      return held !== undefined && keyIdOf(wrapped) !== held.id;
    },
    withKey(unsealKey) {
      if (unsealKey.length !== unsealKeyBytes) {
        throw new SealError('wrong-key', 'the combined key does not have 32 bytes', 'Check the key shares.');
      }
      const key = createSecretKey(unsealKey);
      return shamirSeal({ id: keyFingerprint(key), key });
    },
    async close() {
      held = undefined;
    },
  };
}
