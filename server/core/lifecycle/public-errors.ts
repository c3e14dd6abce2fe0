import { WrongRootKey } from '../../barrier/index.ts';
import { CofferError } from '../../contracts/errors.ts';
import { SealError } from '../../contracts/seal.ts';
import { StorageConflict } from '../../contracts/storage.ts';

/** What `work` gives, with the failures of seals and stores as declared errors. What a seal says is for the
 * server's log: whoever asks here has shown no token. */
export async function withPublicErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SealError) {
      throw new CofferError(
        error.kind === 'unavailable' ? 'unavailable' : 'internal',
        'the seal of this server does not open now; the log of the server says why',
        { detail: `${error.message} (${error.hint})`, cause: error },
      );
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
