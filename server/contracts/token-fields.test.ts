import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isAddressAllowed, isSubsetOf, normalizeRanges } from './address-ranges.ts';
import { CofferError } from './errors.ts';
import {
  changeTokenSettings,
  grantedToken,
  noTokenSettings,
  renewedToken,
  shownTokenSettings,
} from './token-fields.ts';

describe('address ranges', () => {
  test('the mask of a single address is left out, others stay as they were', () => {
    assert.deepEqual(normalizeRanges([' 127.0.0.1/32 ', '10.1.2.3/8', '::1/128', '2001:db8::/32']), {
      ranges: ['127.0.0.1', '10.1.2.3/8', '::1', '2001:db8::/32'],
    });
  });

  test('what is neither an address nor a block is given back', () => {
    for (const wrong of [
      'zzz',
      '',
      '10.0.0.0/33',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '10.0.0.0/-1',
      '::1/129',
      'fe80::1%lo',
      '10.0.0/8',
      '0x7f.1',
    ]) {
      assert.deepEqual(normalizeRanges(['10.0.0.0/8', wrong]), { wrong });
    }
  });

  test('an address is allowed inside a block, and nowhere else', () => {
    assert.ok(isAddressAllowed([], 'anything'));
    assert.ok(isAddressAllowed(['10.0.0.0/8'], '10.255.255.255'));
    assert.ok(!isAddressAllowed(['10.0.0.0/8'], '11.0.0.0'));
    assert.ok(!isAddressAllowed(['10.0.0.0/8'], '::1'));
    assert.ok(isAddressAllowed(['10.0.0.0/8'], '::ffff:10.0.0.1'));
    assert.ok(isAddressAllowed(['fe80::/10'], 'fe80::1%eth0'));
    assert.ok(!isAddressAllowed(['0.0.0.0/0', '::/0'], ''));
    assert.ok(!isAddressAllowed(['0.0.0.0/0'], 'localhost'));
  });

  test('a list is a subset when each of its blocks lies in one block of the other', () => {
    assert.ok(isSubsetOf(['10.1.0.0/16', '10.2.3.4'], ['10.0.0.0/8']));
    assert.ok(isSubsetOf([], ['10.0.0.0/8']));
    assert.ok(isSubsetOf(['1.2.3.4'], []));
    assert.ok(!isSubsetOf(['10.0.0.0/7'], ['10.0.0.0/8']));
    assert.ok(!isSubsetOf(['10.1.0.0/16', '11.0.0.1'], ['10.0.0.0/8']));
    assert.ok(!isSubsetOf(['::/0'], ['0.0.0.0/0']));
  });
});

describe('token settings', () => {
  test('what is not given stays, what is given as 0 or empty is cleared', () => {
    const before = changeTokenSettings(noTokenSettings, {
      token_policies: ['Ops', ' app', 'ops'],
      token_ttl: 60,
      token_num_uses: 3,
    });
    assert.deepEqual(before.policies, ['app', 'ops']);
    const after = changeTokenSettings(before, { token_policies: [], token_num_uses: 0 });
    assert.deepEqual([after.policies, after.ttlSeconds, after.numUses], [[], 60, 0]);
  });

  test('an older name reads back beside the newer one until the newer one is used', () => {
    const old = changeTokenSettings(noTokenSettings, {
      policies: ['a'],
      ttl: 5,
      max_ttl: 10,
      period: 0,
      bound_cidrs: ['127.0.0.1/32'],
    });
    const { policies, ttl, max_ttl, period, bound_cidrs, token_ttl } = shownTokenSettings(old);
    assert.deepEqual(
      [policies, ttl, max_ttl, period, bound_cidrs, token_ttl],
      [['a'], 5, 10, undefined, ['127.0.0.1'], 5],
    );
    const newer = shownTokenSettings(changeTokenSettings(old, { token_ttl: 7 }));
    assert.deepEqual([newer['ttl'], newer['token_ttl'], newer['max_ttl']], [undefined, 7, 10]);
    const both = shownTokenSettings(changeTokenSettings(old, { token_ttl: 7, ttl: 9 }));
    assert.deepEqual([both['ttl'], both['token_ttl']], [7, 7]);
  });

  test('settings that no token could have are refused', () => {
    const refused: [Parameters<typeof changeTokenSettings>[1], RegExp][] = [
      [{ token_ttl: 7200, token_max_ttl: 3600 }, /'token_ttl' cannot be greater than 'token_max_ttl'/],
      [{ token_num_uses: -1 }, /'token_num_uses' cannot be negative/],
      [{ token_type: 'batch', token_num_uses: 3 }, /limited use count/],
      [{ token_type: 'default-batch', token_period: 3 }, /periodic tokens/],
      [{ token_bound_cidrs: ['zzz'] }, /bound CIDR/],
      [{ token_type: 'zz' }, /invalid 'token_type' value/],
    ];
    for (const [given, message] of refused) {
      assert.throws(
        () => changeTokenSettings(noTokenSettings, given),
        (error) => error instanceof CofferError && error.status === 400 && message.test(error.message),
      );
    }
    assert.equal(
      changeTokenSettings(noTokenSettings, { token_ttl: 7200, token_max_ttl: 0 }).ttlSeconds,
      7200,
    );
  });

  test('a grant carries the bound addresses, and none is given from outside them', () => {
    const settings = changeTokenSettings(noTokenSettings, { token_bound_cidrs: ['10.0.0.0/8'] });
    assert.deepEqual(grantedToken(settings, '10.1.1.1').boundCidrs, ['10.0.0.0/8']);
    assert.throws(() => grantedToken(settings, '127.0.0.1'), {
      code: 'permission-denied',
      status: 403,
      message: 'permission denied',
    });
    const strict = changeTokenSettings(settings, { token_strictly_bind_ip: true });
    assert.deepEqual(grantedToken(strict, '10.1.1.1').boundCidrs, ['10.1.1.1']);
    const anywhere = changeTokenSettings(noTokenSettings, { token_strictly_bind_ip: true });
    assert.deepEqual(grantedToken(anywhere, 'fe80::1%eth0').boundCidrs, ['fe80::1']);
    assert.throws(() => grantedToken(anywhere, ''), { code: 'permission-denied' });
  });

  test('a renewal takes the times in force now and keeps policies and addresses of the login', () => {
    const login = grantedToken(
      changeTokenSettings(noTokenSettings, { token_policies: ['a'], token_ttl: 60 }),
      '127.0.0.1',
    );
    const now = changeTokenSettings(noTokenSettings, {
      token_policies: ['b'],
      token_ttl: 30,
      token_period: 5,
    });
    const renewed = renewedToken(now, { ...login, displayName: '', metadata: {}, renewable: true });
    assert.deepEqual([renewed.policies, renewed.ttlSeconds, renewed.periodSeconds], [['a'], 30, 5]);
  });
});
