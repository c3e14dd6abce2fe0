import { invalidRequest } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { checkCanonical } from '../../core/router/canonical-path.ts';
import { defineOperation, type PlatformOperation } from '../platform-operation.ts';
import { type Filter, matches } from './secret-filter.ts';
import { secretTypes } from './secret-value.ts';
import { type StoredSecret, shownSecret } from './stored-secret.ts';
import { walkSecrets } from './walk-secrets.ts';

const sorts = ['name', '-name', 'created', '-created', 'updated', '-updated', 'expires', '-expires'] as const;
type Sort = (typeof sorts)[number];
const mostOnPage = 500;
const mostSorted = 100_000;

/** `GET /secrets`: names and what is said of them, never a value. */
export const listOperation: PlatformOperation = defineOperation({
  method: 'GET',
  pattern: 'secrets',
  summary: 'List and search the secrets of a workspace',
  fields: {
    prefix: { type: 'string', query: 'only', description: 'Only names that begin so' },
    q: {
      type: 'string',
      query: 'only',
      description: 'Only where this is in the name or description, in any case',
    },
    type: { type: 'string', query: 'only', allowed: secretTypes, description: 'Only of this type' },
    tag: { type: 'strings', query: 'only', description: 'Only with all these tags' },
    metadata: { type: 'key-values', query: 'only', description: 'Only with this metadata, such as owner=ml' },
    expired: { type: 'bool', query: 'only', description: 'Only those that have expired, or have not' },
    expires_before: { type: 'time', query: 'only', description: 'Only those that expire before' },
    deleted: { type: 'bool', query: 'only', default: false, description: 'Those that are deleted instead' },
    sort: { type: 'string', query: 'only', allowed: sorts, default: 'name', description: sorts.join(', ') },
    limit: { type: 'int', query: 'only', default: 100, description: `Of a page, at most ${mostOnPage}` },
    cursor: { type: 'string', query: 'only', description: 'As the page before gave it' },
  },
  inWorkspace: true,
  async handler({ fields, workspace, requests }) {
    const { limit, prefix = '' } = fields;
    if (limit < 1 || limit > mostOnPage) throw invalidRequest(`limit is 1 to ${mostOnPage}`);
    if (prefix !== '') checkCanonical(prefix);
    const filter: Filter = {
      prefix,
      text: fields.q,
      type: fields.type,
      tags: fields.tag ?? [],
      metadata: fields.metadata ?? {},
      expired: fields.expired,
      expiresBeforeMs: fields.expires_before,
      deleted: fields.deleted,
    };
    const sort = sorts.find((one) => one === fields.sort) ?? 'name';
    const start = readCursor(fields.cursor, sort);
    const found: StoredSecret[] = [];
    const enough = sort === 'name' ? limit + 1 : mostSorted;
    const after = sort === 'name' ? (start.after ?? '') : '';
    for await (const secret of walkSecrets(requests, workspace, { prefix, after })) {
      if (!matches(secret, filter, requests.nowMs)) continue;
      found.push(secret);
      if (found.length >= enough) break;
    }
    if (sort !== 'name') found.sort(orders[sort]);
    const offset = start.offset ?? 0;
    const page = found.slice(offset, offset + limit);
    const hasMore = found.length > offset + limit;
    const next = sort === 'name' ? { sort, after: page.at(-1)?.name } : { sort, offset: offset + limit };
    return {
      body: {
        secrets: page.map((secret) => shownSecret(secret, workspace, requests.nowMs)),
        next_cursor: hasMore ? Buffer.from(JSON.stringify(next)).toString('base64url') : null,
      },
    };
  },
});

type Order = (a: StoredSecret, b: StoredSecret) => number;
const by =
  (key: (secret: StoredSecret) => string): Order =>
  (a, b) =>
    compare(key(a), key(b));
const back =
  (order: Order): Order =>
  (a, b) =>
    order(b, a);
const byName = by(({ name }) => name);
const byCreated = by(({ createdAt }) => createdAt);
const byUpdated = by(({ updatedAt }) => updatedAt);
/** What never expires comes last. */
const byExpiry = by(({ custom }) => String(custom['coffer.expires_at'] ?? '~'));
const orders: Readonly<Record<Sort, Order>> = {
  name: byName,
  '-name': back(byName),
  created: byCreated,
  '-created': back(byCreated),
  updated: byUpdated,
  '-updated': back(byUpdated),
  expires: byExpiry,
  '-expires': back(byExpiry),
};

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

interface Cursor {
  readonly after?: string;
  readonly offset?: number;
}

function readCursor(text: string | undefined, sort: Sort): Cursor {
  if (!text) return {};
  let read: JsonObject;
  try {
    read = JSON.parse(Buffer.from(text, 'base64url').toString()) as JsonObject;
  } catch {
    throw invalidRequest('the cursor is not one of this server');
  }
  const { after, offset } = read;
  if (read['sort'] !== sort) throw invalidRequest('the cursor belongs to another order');
  if (typeof after === 'string') return { after };
  if (typeof offset === 'number' && offset >= 0 && offset <= mostSorted) return { offset };
  throw invalidRequest('the cursor is not one of this server');
}
