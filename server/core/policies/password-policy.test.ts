import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { generatePassword, PasswordPolicyError, parsePasswordPolicy } from './password-policy.ts';

const usual = `length = 20
rule "charset" { charset = "abcdefghij" min-chars = 1 }
rule "charset" {
  charset = "0123456789"
  min-chars = 2
}`;

function reasonsFor(text: string): readonly string[] {
  try {
    parsePasswordPolicy(text);
    return [];
  } catch (error) {
    assert.ok(error instanceof PasswordPolicyError, `${error}`);
    return error.reasons;
  }
}

describe('a password policy', () => {
  it('reads alike from HCL and from JSON', () => {
    const hcl = parsePasswordPolicy(usual);
    const json = parsePasswordPolicy(
      JSON.stringify({
        length: 20,
        rule: [
          { charset: { charset: 'abcdefghij', 'min-chars': 1 } },
          { charset: { charset: '0123456789', 'min-chars': 2 } },
        ],
      }),
    );
    assert.deepEqual(json, hcl);
    assert.equal(hcl.alphabet.length, 20);
  });

  it('is refused with a reason', () => {
    const rule = 'rule "charset" { charset = "abc" }';
    assert.deepEqual(reasonsFor('length=30'), ['no charset specified']);
    assert.match(reasonsFor(`length=3 \n${rule}`).join(), /between 4 and 100/);
    assert.match(reasonsFor(`length=101 \n${rule}`).join(), /between 4 and 100/);
    assert.match(reasonsFor(`length=4.5 \n${rule}`).join(), /between 4 and 100/);
    assert.match(
      reasonsFor('length=4 \nrule "charset" { charset = "a" min-chars = 5 }').join(),
      /more characters/,
    );
    assert.match(
      reasonsFor('length=4 \nrule "charset" { charset = "a" min-chars = -1 }').join(),
      /min-chars/,
    );
    assert.match(reasonsFor('length=4 \nrule "charset" { charset = "a\\n" }').join(), /non-printable/);
    assert.match(
      reasonsFor(`length=4 \n${rule}\nrule "words" { charset = "a" }`).join(),
      /unrecognized rule type/,
    );
    assert.match(reasonsFor(`lenght=4 \n${rule}`).join(), /lenght/);
    assert.match(reasonsFor('length=4 \nrule "charset" { charset = "a" mincars = 1 }').join(), /mincars/);
    assert.match(reasonsFor('length = {').join(), /\d/);
  });

  it('never throws anything else, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `length = 8\nrule "charset" ${text}`),
        ),
        (text) => {
          reasonsFor(text);
        },
      ),
    );
  });
});

describe('a generated password', () => {
  it('keeps every rule, for any policy that can be kept', () => {
    const rule = fc.record({
      charset: fc.constantFrom('abc', 'ABCDEFGH', '0123456789', '-_!', 'äöü€', 'abcdefghijklmnopqrstuvwxyz'),
      minChars: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 12, max: 100 }),
        fc.array(rule, { minLength: 1, maxLength: 3 }),
        (length, rules) => {
          const text = rules
            .map(
              ({ charset, minChars }) => `rule "charset" { charset = "${charset}" min-chars = ${minChars} }`,
            )
            .join('\n');
          const password = generatePassword(parsePasswordPolicy(`length = ${length}\n${text}`), 20_000);
          const characters = [...(password ?? '')];
          assert.equal(characters.length, length);
          for (const { charset, minChars } of rules)
            assert.ok(characters.filter((character) => charset.includes(character)).length >= minChars);
          assert.ok(
            characters.every((character) => rules.some(({ charset }) => charset.includes(character))),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('has every character equally often, for an alphabet that does not divide 256', () => {
    const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
    const policy = parsePasswordPolicy(`length = 100\nrule "charset" { charset = "${alphabet}" }`);
    const counts = new Map<string, number>();
    const passwords = 4_000;
    for (let index = 0; index < passwords; index++)
      for (const character of generatePassword(policy, 1) ?? '')
        counts.set(character, (counts.get(character) ?? 0) + 1);
    const expected = (passwords * 100) / alphabet.length;
    let chiSquare = 0;
    for (const character of alphabet) chiSquare += ((counts.get(character) ?? 0) - expected) ** 2 / expected;
    // 61 degrees of freedom: above 130 less than once in a million runs. Bytes modulo 62 without rejection give thousands.
    assert.ok(chiSquare < 130, `chi-square ${chiSquare}`);
  });

  it('is given up after the attempts allowed, when the rules contradict each other', () => {
    const policy = parsePasswordPolicy(
      'length = 4\nrule "charset" { charset = "a" min-chars = 3 }\nrule "charset" { charset = "b" min-chars = 3 }',
    );
    assert.equal(generatePassword(policy, 500), undefined);
  });
});
