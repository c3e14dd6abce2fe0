import { WrongRootKey } from '../../barrier/index.ts';
import { CofferError } from '../../contracts/errors.ts';
import { SealError } from '../../contracts/seal.ts';
import { StorageConflict } from '../../contracts/storage.ts';

/** What `work` gives, with the failures of seals and stores as declared errors that anybody may see. */
export async function withPublicErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SealError) {
      const code = error.kind === 'unavailable' ? 'unavailable' : 'internal';
      throw new CofferError(code, error.message, { hint: error.hint, cause: error });
    }
    if (error instanceof WrongRootKey) {
      throw new CofferError(
        'storage-corrupt',
        'the seal record and the keyring of this store do not belong together',
        {
          hint: 'Restore both from one and the same backup.',
          cause: error,
        },
      );
    }
    if (error instanceof StorageConflict) throw new CofferError('conflict', undefined, { cause: error });
    throw error;
  }
}
