import { describe } from 'node:test';
import { concurrency, expectations } from './storage-commits.ts';
import { keys, readingAndCommitting, values } from './storage-data.ts';
import { type OpenStorage, testingWith } from './storage-fixture.ts';
import { handles, revisions } from './storage-handles.ts';
import { modelled } from './storage-model.ts';
import { listing, scanning } from './storage-order.ts';

export type { OpenedStorage, OpenStorage } from './storage-fixture.ts';

/** Registers the tests that every implementation of `StorageBackend` passes. */
export function storageConformance(name: string, open: OpenStorage): void {
  const it = testingWith(open);
  describe(`storage ${name}`, { timeout: 60_000 }, () => {
    describe('reading and committing', () => readingAndCommitting(it));
    describe('expectations', () => expectations(it));
    describe('values', () => values(it));
    describe('keys', () => keys(it));
    describe('list', () => listing(it));
    describe('scan', () => scanning(it));
    describe('as a whole', () => modelled(it));
    describe('revisions', () => revisions(it));
    describe('concurrent commits', () => concurrency(it));
    describe('handles', () => handles(it));
  });
}
