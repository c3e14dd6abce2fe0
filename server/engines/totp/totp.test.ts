import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engineHarness } from '../../contracts/conformance/engine-harness.ts';
import { decodeBase32 } from '../../crypto/base32.ts';
import { parseOtpauthUrl } from '../../crypto/otpauth-url.ts';
import { timedCode } from '../../crypto/totp.ts';
import { plugin } from './index.ts';

const key = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const form = { algorithm: 'SHA1', digits: 6, periodSeconds: 30, skew: 1 } as const;
const open = () => engineHarness(plugin);
type Kit = Awaited<ReturnType<typeof open>>;

const codeAt = (timeMs: number, text: string = key) => {
  const bytes = decodeBase32(text);
  assert.ok(typeof bytes !== 'number');
  return timedCode(bytes, timeMs, form);
};
const check = async (kit: Kit, code: string, name = 'given') =>
  (await kit.call('write', `code/${name}`, { code }))?.data?.['valid'];
const used = { status: 400, message: 'code already used; wait until the next time period' };

describe('a key that is given', () => {
  test('makes the codes that a service expects, and says until when they are good', async () => {
    const kit = await open();
    await kit.call('write', 'keys/given', { key, issuer: 'Acme', account_name: 'me' });
    kit.clock.set(59_000);
    assert.deepEqual((await kit.call('read', 'code/given'))?.data, {
      code: '287082',
      expire_time: 60,
      generated: 59,
      period: '30s',
    });
    await kit.call('write', 'keys/long', {
      key: key.toLowerCase(),
      period: 90,
      algorithm: 'SHA512',
      digits: 8,
    });
    const { code, period } = (await kit.call('read', 'code/long'))?.data ?? {};
    assert.match(String(code), /^[0-9]{8}$/);
    assert.equal(period, '1m30s');
  });

  test('comes as a URL too, whose words win over fields', async () => {
    const kit = await open();
    const url = `otpauth://totp/Acme:me@example.com?secret=${key}&issuer=Acme&algorithm=SHA512&digits=8&period=60`;
    await kit.call('write', 'keys/url', { url, issuer: 'Other', digits: 6 });
    assert.deepEqual((await kit.call('read', 'keys/url'))?.data, {
      account_name: 'me@example.com',
      algorithm: 'SHA512',
      digits: 8,
      issuer: 'Acme',
      period: 60,
    });
  });

  test('is in no answer', async () => {
    const kit = await open();
    assert.equal(await kit.call('write', 'keys/given', { key }), undefined);
    for (const reply of [await kit.call('read', 'keys/given'), await kit.call('list', 'keys')])
      assert.ok(!JSON.stringify(reply).includes(key.slice(0, 8)));
  });

  test('that is wrong is refused in the words of Vault', async () => {
    const kit = await open();
    const made = { generate: true, issuer: 'A', account_name: 'm' };
    for (const [body, message] of [
      [{}, 'the key value is required'],
      [{ key: '!!!' }, 'invalid key value: illegal base32 data at input byte 0'],
      [{ key: '====' }, 'invalid key value: illegal base32 data at input byte 0'],
      [{ url: 'otpauth://totp/Acme:me' }, 'the key value is required'],
      [{ url: '::' }, 'an error occurred while parsing url string'],
      [{ url: `otpauth://hotp/x?secret=${key}` }, 'an error occurred while parsing url string'],
      [
        { url: `otpauth://totp/x?secret=${key}&digits=six` },
        'an error occurred while parsing digits value in url',
      ],
      [
        { url: `otpauth://totp/x?secret=${key}&period=1e9` },
        'an error occurred while parsing period value in url',
      ],
      [{ url: `otpauth://totp/x?secret=${key}&period=0` }, 'the period value must be greater than zero'],
      [{ ...made, account_name: '' }, 'the account_name value is required for generated keys'],
      [{ ...made, issuer: '' }, 'the issuer value is required for generated keys'],
      [{ ...made, key }, 'a key should not be passed if generate is true'],
      [{ ...made, url: 'x' }, 'a url should not be passed if generate is true'],
      [{ ...made, algorithm: 'MD5' }, 'the algorithm value is not valid'],
      [{ ...made, digits: 7 }, 'the digits value can only be 6 or 8'],
      [{ ...made, skew: 2 }, 'the skew value must be 0 or 1'],
      [{ ...made, skew: -1 }, 'the skew value must be 0 or 1'],
      [{ ...made, period: 0 }, 'the period value must be greater than zero'],
      [{ ...made, key_size: 0 }, 'the key_size value must be greater than zero'],
      [{ ...made, key_size: 513 }, 'the key_size value must not be greater than 512'],
      [{ ...made, qr_size: -1 }, 'the qr_size value must be greater than or equal to zero'],
    ] as const)
      await assert.rejects(kit.call('write', 'keys/bad', body), { status: 400, message }, message);
    for (const name of ['-a', 'a b', '.', 'a-', `${'a'.repeat(513)}`])
      await assert.rejects(kit.call('write', `keys/${name}`, { key }), { status: 400 }, name);
    assert.deepEqual(kit.records.keys, []);
  });
});

describe('a key that is generated', () => {
  test('leaves once, as URL and QR code, and checks the codes that are made of it', async () => {
    const kit = await open();
    const made = { generate: true, issuer: 'Acme', account_name: 'me@example.com' };
    const { url, barcode } = (await kit.call('write', 'keys/gen', made))?.data ?? {};
    const { secret, ...rest } = parseOtpauthUrl(String(url)) ?? {};
    assert.deepEqual(rest, {
      issuer: 'Acme',
      accountName: 'me@example.com',
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
    assert.match(String(secret), /^[A-Z2-7]{32}$/);
    assert.equal(Buffer.from(String(barcode), 'base64').subarray(1, 4).toString(), 'PNG');
    assert.equal(await check(kit, codeAt(kit.clock.now(), secret), 'gen'), true);
  });

  test('has a picture only when one is wanted, and stays inside when it is not exported', async () => {
    const kit = await open();
    const made = { generate: true, issuer: 'Acme', account_name: 'me', key_size: 32 };
    const plain = (await kit.call('write', 'keys/a', { ...made, qr_size: 0 }))?.data ?? {};
    assert.deepEqual(Object.keys(plain), ['url']);
    assert.equal(parseOtpauthUrl(String(plain['url']))?.secret.length, 52);
    assert.equal(await kit.call('write', 'keys/b', { ...made, exported: false }), undefined);
    assert.match(String((await kit.call('read', 'code/b'))?.data?.['code']), /^[0-9]{6}$/);
  });

  test('is another one each time', async () => {
    const kit = await open();
    const made = { generate: true, issuer: 'Acme', account_name: 'me', qr_size: 0 };
    const urls = await Promise.all(
      ['a', 'a', 'b'].map(async (name) => (await kit.call('write', `keys/${name}`, made))?.data?.['url']),
    );
    assert.equal(new Set(urls).size, 3);
  });
});

describe('a code', () => {
  test('is good once, and those of the periods beside it too, by the skew', async () => {
    const kit = await open();
    await kit.call('write', 'keys/given', { key });
    const nowMs = kit.clock.now();
    assert.equal(await check(kit, codeAt(nowMs)), true);
    await assert.rejects(check(kit, codeAt(nowMs)), used);
    assert.equal(await check(kit, codeAt(nowMs - 30_000)), true);
    assert.equal(await check(kit, codeAt(nowMs + 30_000)), true);
    assert.equal(await check(kit, codeAt(nowMs + 60_000)), false);
    kit.clock.advance(30_000);
    await assert.rejects(check(kit, codeAt(nowMs)), used);
    assert.equal(await check(kit, codeAt(nowMs + 60_000)), true);
    await kit.call('write', 'keys/exact', { key, skew: 0 });
    assert.equal(await check(kit, codeAt(kit.clock.now() - 30_000), 'exact'), false);
    assert.equal(await check(kit, codeAt(kit.clock.now()), 'exact'), true);
  });

  test('that was used is remembered by an engine that opens the records anew', async () => {
    const kit = await open();
    await kit.call('write', 'keys/given', { key });
    const code = codeAt(kit.clock.now());
    assert.equal(await check(kit, code), true);
    const again = await engineHarness(plugin, { records: kit.records, clock: kit.clock });
    await assert.rejects(check(again, code), used);
  });

  test('sent many times at once, on several nodes, is good for one of them', async () => {
    const kit = await open();
    await kit.call('write', 'keys/given', { key });
    const other = await engineHarness(plugin, { records: kit.records, clock: kit.clock });
    const code = codeAt(kit.clock.now());
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => check(n % 2 === 0 ? kit : other, code)),
    );
    assert.equal(
      outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value === true).length,
      1,
    );
    assert.equal(outcomes.filter((outcome) => outcome.status === 'rejected').length, 19);
  });

  test('of another spelling is none: spaces are neither cut nor passed over', async () => {
    const kit = await open();
    await kit.call('write', 'keys/given', { key });
    const code = codeAt(kit.clock.now());
    for (const other of [` ${code}`, `${code}\n`, '123'])
      await assert.rejects(check(kit, other), { message: 'invalid number of digits for the code' });
    assert.equal(await check(kit, `${code.slice(0, 5)} `), false);
    await assert.rejects(check(kit, ''), { message: 'the code value is required' });
    assert.equal(await check(kit, code), true);
  });

  test('of a key that was replaced is wrong, and what was used before does not count for the new key', async () => {
    const kit = await open();
    await kit.call('write', 'keys/given', { key });
    const code = codeAt(kit.clock.now());
    assert.equal(await check(kit, code), true);
    await kit.call('write', 'keys/given', { key });
    assert.equal(await check(kit, code), true);
    await kit.call('delete', 'keys/given');
    assert.deepEqual(kit.records.keys, []);
    await assert.rejects(check(kit, code), { status: 400, message: 'unknown key: given' });
    await assert.rejects(kit.call('read', 'code/../x'), { status: 404 });
  });

  test('that is wrong writes nothing, so that guesses cost no disk', async () => {
    const kit = await open();
    await kit.call('write', 'keys/given', { key });
    const before = kit.records.commits.length;
    const nowMs = kit.clock.now();
    const near = [-30_000, 0, 30_000].map((away) => codeAt(nowMs + away));
    const wrong = ['000000', '111111', '222222', '333333'].find((each) => !near.includes(each)) ?? '';
    assert.equal(await check(kit, wrong), false);
    assert.equal(kit.records.commits.length, before);
  });
});

test('names are listed in pages, and what is not there is nothing', async () => {
  const kit = await open();
  assert.equal(await kit.call('list', 'keys'), undefined);
  assert.equal(await kit.call('read', 'keys/nope'), undefined);
  assert.equal(await kit.call('delete', 'keys/nope'), undefined);
  for (const name of ['b', 'a@x.y', 'c-1']) await kit.call('write', `keys/${name}`, { key });
  assert.deepEqual((await kit.call('list', 'keys'))?.data, { keys: ['a@x.y', 'b', 'c-1'] });
  assert.deepEqual((await kit.call('list', 'keys?limit=2'))?.data, { keys: ['a@x.y', 'b'] });
  assert.deepEqual((await kit.call('list', 'keys?after=b'))?.data, { keys: ['c-1'] });
});
