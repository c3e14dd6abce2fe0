import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Records } from '../../contracts/records.ts';
import type { Caller } from '../../contracts/request.ts';

const batchSize = 256;

/** The records of a cubbyhole mount: each token's own below `<handle>/`. */
export class TokenShelves {
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
  }

  /** The records of the caller's token, and no way to those of another. Throws for callers who can have none. */
  of(caller: Caller): Records {
    if (caller.tokenHandle === '' || caller.tokenType === 'none') throw new CofferError('permission-denied');
    if (caller.tokenType !== 'service') {
      // A batch token is stored nowhere, so nothing could end with it.
      throw invalidRequest('cubbyhole operations are only supported by "service" type tokens');
    }
    return this.#records.within(shelfPrefix(caller.tokenHandle));
  }

  /** Removes all that belongs to a token. Safe to repeat; a crash half-way leaves the rest for the next call. */
  async clear(tokenHandle: string): Promise<void> {
    const prefix = shelfPrefix(tokenHandle);
    for (;;) {
      const keys = await this.#records.scanKeys(prefix, { limit: batchSize });
      if (keys.length === 0) return;
      await this.#records.commit({ remove: keys });
    }
  }
}

/** A handle that is empty or holds a '/' would open the shelves of others. */
function shelfPrefix(tokenHandle: string): string {
  if (!/^[A-Za-z0-9_.:=-]+$/.test(tokenHandle)) {
    throw new CofferError('internal', undefined, {
      detail: 'cubbyhole: a token handle with unexpected characters',
    });
  }
  return `${tokenHandle}/`;
}
