import { hash } from 'node:crypto';
import { randomText } from '../../../crypto/random.ts';
import type { Fence } from '../../tokens/system-change.ts';
import type { CodeRecord } from './oidc-records.ts';
import type { OidcStore } from './oidc-store.ts';

type Where = { readonly id: string };

/** RFC 6749 section 4.1.2 recommends ten minutes at the most; Vault gives five. */
const lifeMs = 5 * 60_000;
const codeLength = 32;

/** Authorisation codes: 190 random bits each, stored under their digest, good for one exchange. */
export class Codes {
  readonly #store: OidcStore;

  constructor(store: OidcStore) {
    this.#store = store;
  }

  async make(namespace: Where, grant: Omit<CodeRecord, 'expiresMs'>): Promise<string> {
    const code = randomText(codeLength);
    const digest = digestOf(code);
    const record: CodeRecord = { ...grant, expiresMs: this.#store.clock.now() + lifeMs };
    await this.#store.change(namespace, async (draft) => {
      draft.put(`code/${digest}`, record);
      draft.moveDue('code', digest, undefined, record.expiresMs);
    });
    return code;
  }

  /** What the code stands for, once: of two that present it at the same moment, one gets nothing. */
  async take(namespace: Where, code: string): Promise<CodeRecord | undefined> {
    const digest = digestOf(code);
    return this.#store.change(namespace, async (draft) => {
      const found = await draft.get<CodeRecord>(`code/${digest}`);
      if (!found) return undefined;
      draft.remove(`code/${digest}`);
      draft.moveDue('code', digest, found.expiresMs, undefined);
      return found.expiresMs > this.#store.clock.now() ? found : undefined;
    });
  }

  /** The background job's part. */
  async forget(namespace: Where, digest: string, fence: Fence): Promise<void> {
    await this.#store.change(namespace, async (draft) => {
      const found = await draft.get<CodeRecord>(`code/${digest}`);
      if (!found || found.expiresMs > this.#store.clock.now()) return;
      draft.add(fence);
      draft.remove(`code/${digest}`);
      draft.moveDue('code', digest, found.expiresMs, undefined);
    });
  }
}

function digestOf(code: string): string {
  return hash('sha256', code, 'hex');
}
