import type { RecordChange, Records, Stored } from '../../contracts/records.ts';
import { rootNamespace } from '../namespaces/namespaces.ts';

/** A view of the store for each namespace's `sys/` records, as the composition root gives it. */
export type RecordsOf = (namespaceId: string, prefix: string) => Records;

export interface ChangePart {
  readonly records: Records;
  readonly change: RecordChange;
}

/**
 * What every commit of a claimed background job carries, so that nothing of it is written once another node
 * has taken the job over.
 */
export type Fence = ChangePart;

interface NamespaceChange {
  readonly expect: { key: string; stored: Stored<unknown> | undefined }[];
  readonly put: Map<string, unknown>;
  readonly mark: Set<string>;
  readonly remove: Set<string>;
}

/**
 * One commit over the `sys/` records of any number of namespaces, put together piece by piece. A key that is
 * written and removed is written: indexes are moved by removing the old entry and marking the new one.
 */
export class SystemChange {
  readonly #recordsOf: RecordsOf;
  readonly #parts = new Map<string, NamespaceChange>();
  readonly #others: ChangePart[] = [];

  constructor(recordsOf: RecordsOf) {
    this.#recordsOf = recordsOf;
  }

  expect(namespaceId: string, key: string, stored: Stored<unknown> | undefined): void {
    this.#part(namespaceId).expect.push({ key, stored });
  }

  put(namespaceId: string, key: string, value: unknown): void {
    this.#part(namespaceId).put.set(key, value);
  }

  mark(namespaceId: string, key: string): void {
    this.#part(namespaceId).mark.add(key);
  }

  remove(namespaceId: string, key: string): void {
    this.#part(namespaceId).remove.add(key);
  }

  /** Something that others own and that has to happen in the same commit. */
  add(parts: readonly ChangePart[]): void {
    this.#others.push(...parts);
  }

  /** Rejects with `StorageConflict` when an expectation does not hold; then nothing was written. */
  async commit(): Promise<void> {
    const parts = [...this.#parts].map(([namespaceId, part]) => ({
      records: this.#recordsOf(namespaceId, 'sys/'),
      change: changeOf(part),
    }));
    const [first, ...rest] = [...parts, ...this.#others];
    if (first) await first.records.commitWith(first.change, rest);
  }

  #part(namespaceId: string): NamespaceChange {
    let part = this.#parts.get(namespaceId);
    if (!part) {
      part = { expect: [], put: new Map(), mark: new Set(), remove: new Set() };
      this.#parts.set(namespaceId, part);
    }
    return part;
  }
}

/** The index of what is due is one for all namespaces. */
export const dueNamespaceId = rootNamespace.id;

function changeOf({ expect, put, mark, remove }: NamespaceChange): RecordChange {
  const marks = [...mark].filter((key) => !put.has(key));
  return {
    expect,
    put: [...put],
    mark: marks,
    remove: [...remove].filter((key) => !put.has(key) && !mark.has(key)),
  };
}
