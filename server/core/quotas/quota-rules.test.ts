import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RateLimitQuota } from './quota.ts';
import { QuotaRules, type QuotaSubject } from './quota-rules.ts';

function quota(path: string, more: Partial<RateLimitQuota> = {}): RateLimitQuota {
  return {
    type: 'rate-limit',
    name: more.name ?? `${path}|${more.role ?? ''}`,
    path,
    role: '',
    inheritable: false,
    rate: 1,
    intervalSeconds: 1,
    blockIntervalSeconds: 0,
    ...more,
  };
}

const at = (namespacePath: string, mountPath: string, rest: string, role = ''): QuotaSubject => ({
  namespacePath,
  mountPath,
  path: mountPath + rest,
  role,
});

describe('the quota that applies', () => {
  const all = [
    quota('', { inheritable: true }),
    quota('team/'),
    quota('team/auth/approle/'),
    quota('team/auth/approle/', { role: 'ci' }),
    quota('team/auth/approle/login'),
    quota('team/auth/approle/role/*'),
    quota('team/auth/approle/role/admin*'),
  ];

  it('is the most exact one that is there', () => {
    const subject = at('team/', 'auth/approle/', 'login', 'ci');
    const order = ['team/auth/approle/|ci', 'team/auth/approle/login|', 'team/auth/approle/|', 'team/|', '|'];
    for (let gone = 0; gone < order.length; gone++) {
      const left = all.filter(({ name }) => !order.slice(0, gone).includes(name));
      assert.equal(new QuotaRules(left).find(subject)?.name, order[gone]);
    }
  });

  it('is by the longest beginning of the path', () => {
    const rules = new QuotaRules(all);
    assert.equal(
      rules.find(at('team/', 'auth/approle/', 'role/administrator'))?.path,
      'team/auth/approle/role/admin*',
    );
    assert.equal(rules.find(at('team/', 'auth/approle/', 'role/ci'))?.path, 'team/auth/approle/role/*');
    assert.equal(rules.find(at('team/', 'auth/approle/', 'role/'))?.path, 'team/auth/approle/role/*');
    assert.equal(rules.find(at('team/', 'auth/approle/', 'login/'))?.path, 'team/auth/approle/login');
  });

  it('of a namespace reaches those below it only when it is inheritable', () => {
    const below = at('team/a/b/', 'secret/', 'x');
    assert.equal(new QuotaRules([quota('team/')]).find(below), undefined);
    assert.equal(
      new QuotaRules([quota('team/', { inheritable: true }), quota('')]).find(below)?.path,
      'team/',
    );
    assert.equal(new QuotaRules([quota('', { inheritable: true })]).find(below)?.path, '');
    assert.equal(new QuotaRules([quota('tea/', { inheritable: true })]).find(below), undefined);
  });

  it('of a mount in one namespace never applies to a mount of that path in another', () => {
    const rules = new QuotaRules([quota('secret/'), quota('team/kv/')]);
    assert.equal(rules.find(at('team/', 'secret/', 'x')), undefined);
    assert.equal(rules.find(at('', 'kv/', 'x')), undefined);
    assert.equal(rules.find(at('', 'secret/', 'x'))?.path, 'secret/');
  });

  it('is the one that a slow and plain search finds', () => {
    const segment = fc.constantFrom('a', 'b', 'ab');
    const path = fc.array(segment, { maxLength: 3 }).map((parts) => parts.map((part) => `${part}/`).join(''));
    const quotas = fc.uniqueArray(
      fc
        .record({ path, inheritable: fc.boolean(), beginning: fc.boolean() })
        .map(({ path: found, inheritable, beginning }) =>
          beginning && found !== '' ? quota(`${found}*`) : quota(found, { inheritable }),
        ),
      { selector: (one) => one.path, maxLength: 6 },
    );
    fc.assert(
      fc.property(quotas, path, segment, segment, (rules, namespacePath, mount, rest) => {
        const subject = at(namespacePath, `${mount}/`, rest);
        assert.equal(new QuotaRules(rules).find(subject)?.name, slowly(rules, subject)?.name);
      }),
      { numRuns: 500 },
    );
  });
});

/** Scores every quota by the words of the documentation and takes the best. */
function slowly(quotas: readonly RateLimitQuota[], subject: QuotaSubject): RateLimitQuota | undefined {
  const full = subject.namespacePath + subject.path;
  const score = (one: RateLimitQuota): number => {
    if (one.path === full) return 9000;
    if (one.path.endsWith('*')) return full.startsWith(one.path.slice(0, -1)) ? 5000 + one.path.length : -1;
    if (one.path === subject.namespacePath + subject.mountPath) return 4000;
    if (one.path === subject.namespacePath) return 3000;
    return one.inheritable && subject.namespacePath.startsWith(one.path) ? one.path.length : -1;
  };
  const best = quotas.toSorted((a, b) => score(b) - score(a))[0];
  return best && score(best) >= 0 ? best : undefined;
}
