import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toSecret } from '../../sdk/secret.ts';
import { affected } from './event-watch.ts';
import { freshFor } from './fresh-for.ts';

describe('how long a secret is fresh', () => {
  const at = 1_000_000_000;
  it('is two thirds of a lease, and the interval for what has none', () => {
    assert.equal(freshFor(toSecret({ lease_id: 'l', lease_duration: 90, data: {} }), 300, at), 60);
    assert.equal(freshFor(toSecret({ lease_id: '', lease_duration: 2764800, data: {} }), 300, at), 300);
    assert.equal(freshFor(undefined, 300, at), 300);
  });
  it('is until just after the rotation of a static role', () => {
    assert.equal(freshFor(toSecret({ data: { ttl: 10, rotation_period: 3600 } }), 300, at), 11);
    assert.equal(freshFor(toSecret({ data: { ttl: 10 } }), 300, at), 300);
  });
  it('is two thirds of what is left of a certificate', () => {
    assert.equal(freshFor(toSecret({ data: { certificate: 'c', expiration: at / 1000 + 90 } }), 300, at), 60);
  });
});

describe('an event', () => {
  const event = (path: string, mount = 'secret/') =>
    JSON.stringify({ data: { event: { metadata: { path } }, plugin_info: { mount_path: mount } } });
  it('is about the same secret on whichever of its paths', () => {
    for (const path of ['secret/data/a/b', 'secret/metadata/a/b', 'secret/destroy/a/b'])
      assert.equal(affected(event(path))?.('secret/data/a/b'), true, path);
    assert.equal(affected(event('secret/data/a/bc'))?.('secret/data/a/b'), false);
    assert.equal(affected(event('kv/data/a/b', 'kv/'))?.('secret/data/a/b'), false);
    assert.equal(affected(event('kv/a', 'kv/'))?.('kv/a'), true);
  });
  it('that is no event is about nothing', () => {
    for (const text of ['', '{', '[]', '{"data":{"event":3}}']) assert.equal(affected(text), undefined);
  });
});
