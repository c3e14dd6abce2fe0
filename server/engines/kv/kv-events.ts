import type { EventPublisher } from '../../contracts/events.ts';
import type { SecretRecord } from './secret-record.ts';

export type KvOperation =
  | 'data-write'
  | 'data-patch'
  | 'data-delete'
  | 'delete'
  | 'undelete'
  | 'destroy'
  | 'metadata-write'
  | 'metadata-patch'
  | 'metadata-delete';

/** What of a secret can be read after the operation, and where; deletions leave nothing to read, as in Vault. */
const folders: Readonly<Record<KvOperation, { readonly path: string; readonly data?: string }>> = {
  'data-write': { path: 'data', data: 'data' },
  'data-patch': { path: 'data', data: 'data' },
  'data-delete': { path: 'data' },
  delete: { path: 'delete' },
  undelete: { path: 'undelete', data: 'data' },
  destroy: { path: 'destroy' },
  'metadata-write': { path: 'metadata', data: 'metadata' },
  'metadata-patch': { path: 'metadata', data: 'metadata' },
  'metadata-delete': { path: 'metadata' },
};

const versionLists: Readonly<Partial<Record<KvOperation, string>>> = {
  delete: 'deleted_versions',
  undelete: 'undeleted_versions',
  destroy: 'destroyed_versions',
};

/** Vault's events of a KV v2 mount, published once the change is in the store. Names and version numbers only. */
export class KvEvents {
  readonly #publisher: EventPublisher | undefined;

  constructor(publisher: EventPublisher | undefined) {
    this.#publisher = publisher;
  }

  /** `record` is the secret as it is now; undefined when it has ended. */
  changed(
    operation: KvOperation,
    path: string,
    record: SecretRecord | undefined,
    versions?: readonly number[],
  ): void {
    if (!this.#publisher?.isHeard) return;
    const { path: folder, data } = folders[operation];
    const list = versionLists[operation];
    this.#publisher.publish({
      type: `kv-v2/${operation}`,
      path: `${folder}/${path}`,
      ...(data === undefined ? {} : { dataPath: `${data}/${path}` }),
      metadata: {
        ...(record ? { current_version: String(record.current), oldest_version: String(record.oldest) } : {}),
        ...(list !== undefined && versions ? { [list]: JSON.stringify(versions) } : {}),
      },
    });
  }

  configured(): void {
    this.#publisher?.publish({ type: 'kv-v2/config-write', path: 'config', dataPath: 'config' });
  }
}
