import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { timedCode } from '../../crypto/totp.ts';
import { openIdentity } from '../identity/identity-harness.ts';
import { mfaPrefix } from './mfa-configs.ts';
import type { TotpMethodRecord } from './mfa-record.ts';
import { PendingLogins } from './pending-logins.ts';
import { TotpSecrets } from './totp-secrets.ts';

const owner = { id: '00000000-0000-4000-8000-000000000001', mergedEntityIds: [] };
const form = { algorithm: 'SHA1', digits: 6, periodSeconds: 30, skew: 1 } as const;
const method: TotpMethodRecord = {
  id: 'm',
  name: '',
  type: 'totp',
  settings: { ...form, issuer: 'Acme', keySize: 20, qrSize: 0, maxValidationAttempts: 3 },
};
const grant = { policies: [], displayName: 'ada', metadata: {}, renewable: false };
const login = { grant, mountUuid: 'u', path: 'auth/userpass/login/ada', wrapTtlSeconds: 0 };

describe('a login that waits', () => {
  test('does so for five minutes, in its namespace alone, and is taken once', async () => {
    const { recordsOf, clock } = await openIdentity();
    const pending = new PendingLogins(recordsOf, clock);
    const id = await pending.add('root', login);
    clock.advance(5 * 60_000 - 1);
    const stored = await pending.find('root', id);
    assert.deepEqual(stored?.value.grant, grant);
    assert.ok(stored);
    assert.deepEqual(
      await Promise.all([pending.take('root', id, stored), pending.take('root', id, stored)]),
      [true, false],
    );
    const late = await pending.add('root', login);
    clock.advance(5 * 60_000);
    assert.equal(await pending.find('root', late), undefined);
  });

  test('that nobody finishes is taken away by later ones, and its id is not in the store', async () => {
    const { recordsOf, clock } = await openIdentity();
    const pending = new PendingLogins(recordsOf, clock);
    const ids = [];
    for (let n = 0; n < 30; n++) ids.push(await pending.add('root', login));
    const keys = () => recordsOf('root', mfaPrefix).scanKeys('', { limit: 1000 });
    const before = await keys();
    assert.equal(before.length, 60);
    for (const id of ids) assert.ok(!before.join().includes(id));
    clock.advance(6 * 60_000);
    await pending.add('root', login);
    await pending.add('root', login);
    assert.equal((await keys()).length, 4);
  });
});

describe('wrong codes', () => {
  async function open() {
    const { recordsOf, clock } = await openIdentity();
    const secrets = new TotpSecrets(recordsOf, clock);
    const key = await secrets.create('root', owner, method);
    assert.ok(key);
    const prove = (code: string) => secrets.prove('root', owner, method, code);
    const right = () => timedCode(key, clock.now(), form);
    const wrong = () => {
      const near = [-1, 0, 1].map((away) => timedCode(key, clock.now() + away * 30_000, form));
      return ['000000', '111111', '222222', '333333'].find((each) => !near.includes(each)) ?? '';
    };
    const waitOf = async () =>
      Number(/try again in (\d+) seconds/.exec((await prove(wrong())) ?? '')?.[1] ?? 0);
    const fail = async (times: number) => {
      for (let n = 0; n < times; n++) assert.equal(await prove(wrong()), 'failed to validate TOTP passcode');
    };
    return { secrets, clock, prove, right, waitOf, fail };
  }

  test('make their entity wait, longer each time, and a right code ends that', async () => {
    const { clock, prove, right, waitOf, fail } = await open();
    const waits = [];
    for (let round = 0; round < 7; round++) {
      await fail(3);
      const seconds = await waitOf();
      waits.push(seconds);
      assert.match(
        (await prove(right())) ?? '',
        /maximum TOTP validation attempts 4 exceeded the allowed attempts 3/,
      );
      clock.advance(seconds * 1000);
    }
    assert.deepEqual(waits, [60, 120, 240, 480, 900, 900, 900]);
    assert.equal(await prove(right()), undefined);
    await fail(3);
    assert.equal(await waitOf(), 60);
  });

  test('are forgotten after an hour, and not by a clock that is set back', async () => {
    const { clock, waitOf, fail } = await open();
    await fail(2);
    clock.advance(60 * 60_000 + 1);
    await fail(2);
    clock.set(clock.now() - 30 * 60_000);
    await fail(1);
    assert.ok((await waitOf()) > 0);
  });

  test('of a key that was destroyed count no more, and there is one key at a time', async () => {
    const { secrets, clock, prove, right, fail } = await open();
    assert.equal(await secrets.create('root', owner, method), undefined);
    await fail(3);
    await secrets.destroy('root', owner, method.id);
    assert.match((await prove(right())) ?? '', /MFA secret for method name "" not present/);
    const key = await secrets.create('root', owner, method);
    assert.ok(key);
    assert.equal(await prove(timedCode(key, clock.now(), form)), undefined);
  });
});
