import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TemplateIdentity } from '../../policies/render-templates.ts';
import { checkTemplate, decodeTemplate, renderClaims } from './claim-template.ts';

const ada: TemplateIdentity = {
  entity: {
    id: 'e1',
    name: 'ada "the first"',
    metadata: { team: 'blue' },
    aliases: [
      { id: 'a1', name: 'ada', mountAccessor: 'auth_userpass_1', metadata: {}, customMetadata: { x: 'y' } },
    ],
  },
  groups: [
    { id: 'g1', name: 'eng', metadata: {} },
    { id: 'g2', name: 'all', metadata: {} },
  ],
};

test('every selector becomes a JSON value of its kind', () => {
  const template = `{"n":{{identity.entity.name}},"i":{{identity.entity.id}},"m":{{identity.entity.metadata}},
    "t":{{ identity.entity.metadata.team }},"gn":{{identity.entity.groups.names}},"gi":{{identity.entity.groups.ids}},
    "a":{"n":{{identity.entity.aliases.auth_userpass_1.name}},"c":{{identity.entity.aliases.auth_userpass_1.custom_metadata.x}}},
    "now":{{time.now}},"later":{{time.now.plus.1h}},"before":{{time.now.minus.30s}}}`;
  assert.deepEqual(JSON.parse(JSON.stringify(renderClaims(template, ada, 100_000_500))), {
    n: 'ada "the first"',
    i: 'e1',
    m: { team: 'blue' },
    t: 'blue',
    gn: ['eng', 'all'],
    gi: ['g1', 'g2'],
    a: { n: 'ada', c: 'y' },
    now: 100_000,
    later: 103_600,
    before: 99_970,
  });
});

test('what an entity has not is empty, so that a claim is always there', () => {
  const template =
    '{"m":{{identity.entity.metadata.none}},"a":{{identity.entity.aliases.other.name}},"o":{{identity.entity.aliases.other.metadata}}}';
  assert.deepEqual(JSON.parse(JSON.stringify(renderClaims(template, ada, 0))), { m: '', a: '', o: {} });
});

test('a value never adds a claim or leaves its string', () => {
  const template = '{"name":{{identity.entity.name}},"team":{{identity.entity.metadata.team}}}';
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (name, team) => {
      if (!name.isWellFormed() || !team.isWellFormed()) return;
      const entity = { id: 'x', name, metadata: { team }, aliases: [] };
      assert.deepEqual({ ...renderClaims(template, { entity, groups: [] }, 0) }, { name, team });
    }),
  );
});

test('reserved claims are refused in a template and dropped from what a value makes', () => {
  for (const claim of [
    'iss',
    'sub',
    'aud',
    'exp',
    'iat',
    'nonce',
    'namespace',
    'at_hash',
    'c_hash',
    'auth_time',
  ])
    assert.throws(() => checkTemplate(`{"${claim}":1}`), /not allowed\. Restricted keys/);
  const sneaky = { ...ada, entity: { id: 'x', name: 'sub', metadata: {}, aliases: [] } };
  assert.deepEqual({ ...renderClaims('{ {{identity.entity.name}}:"root"}', sneaky, 0) }, {});
});

test('a template that would not make an object is refused', () => {
  for (const wrong of ['zzz', '[]', '1', '{"a":{{identity.entity.name}', '{"a":"{{identity.entity.name}}"}'])
    assert.throws(() => checkTemplate(wrong), /error parsing template/, wrong);
  for (const wrong of [
    '{{identity.entity.secret}}',
    '{{identity.groups.names.x.name}}',
    '{{time.then}}',
    '{{time.now.plus.x}}',
  ])
    assert.throws(() => checkTemplate(`{"a":${wrong}}`), /error parsing template/, wrong);
  checkTemplate('{"a":{"b":{"c":1}}}');
  checkTemplate('');
});

test('base64 is decoded, and JSON is not taken for it', () => {
  const template = '{"groups":{{identity.entity.groups.names}}}';
  assert.equal(decodeTemplate(Buffer.from(template).toString('base64')), template);
  assert.equal(decodeTemplate(template), template);
  assert.equal(decodeTemplate('____'), '____');
});
