import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileAcl } from './compile-acl.ts';
import { parsePolicy } from './parse-policy.ts';
import type { TemplateIdentity } from './render-templates.ts';
import { renderTemplates } from './render-templates.ts';

const identity: TemplateIdentity = {
  entity: {
    id: 'e-1',
    name: 'ann',
    metadata: { team: 'ai', 'dotted.key': 'dots' },
    aliases: [
      {
        mountAccessor: 'auth_userpass_1',
        id: 'a-1',
        name: 'ann+x@example.com',
        metadata: { role: 'dev' },
        customMetadata: { cost: 'c7' },
      },
    ],
  },
  groups: [
    { id: 'g-1', name: 'ops', metadata: { site: 'x' } },
    { id: 'g-2', name: 'foreign', metadata: {}, namespace: 'team/' },
  ],
};

function rendered(path: string, who: TemplateIdentity = identity, namespace = ''): string | undefined {
  const policy = parsePolicy('p', `path ${JSON.stringify(path)} { capabilities = ["read"] }`, namespace);
  return renderTemplates(policy, who).rules[0]?.path;
}

test('facts about the entity, its aliases and its groups are filled in', () => {
  const cases: [string, string | undefined][] = [
    ['s/{{identity.entity.id}}/x', 's/e-1/x'],
    ['s/{{ identity.entity.name }}/*', 's/ann/*'],
    ['s/{{identity.entity.metadata.team}}-{{identity.entity.id}}', 's/ai-e-1'],
    ['s/{{identity.entity.metadata.dotted.key}}', 's/dots'],
    ['s/{{identity.entity.aliases.auth_userpass_1.name}}', 's/ann+x@example.com'],
    ['s/{{identity.entity.aliases.auth_userpass_1.id}}', 's/a-1'],
    ['s/{{identity.entity.aliases.auth_userpass_1.metadata.role}}', 's/dev'],
    ['s/{{identity.entity.aliases.auth_userpass_1.custom_metadata.cost}}', 's/c7'],
    ['s/{{identity.groups.ids.g-1.name}}', 's/ops'],
    ['s/{{identity.groups.names.ops.id}}', 's/g-1'],
    ['s/{{identity.groups.names.ops.metadata.site}}', 's/x'],
    ['s/{{identity.groups.names.foreign.id}}', undefined],
    ['s/{{identity.groups.ids.g-2.id}}', 's/g-2'],
  ];
  for (const [template, path] of cases) assert.equal(rendered(template), path, template);
  assert.equal(rendered('s/{{identity.groups.names.foreign.id}}', identity, 'team/'), 's/g-2');
});

test('a path that does not resolve is dropped, alone', () => {
  const bad = [
    'identity.entity.metadata.none',
    'identity.entity.aliases.other.name',
    'identity.entity.aliases.auth_userpass_1',
    'identity.groups.names.none.id',
    'identity.groups.names.ops',
    'identity.entity.metadata.constructor',
    'identity.entity',
    'now',
    '',
  ];
  for (const selector of bad) assert.equal(rendered(`s/{{${selector}}}/*`), undefined, selector);
  assert.equal(
    rendered('s/{{identity.entity.id}}', { entity: undefined, groups: identity.groups }),
    undefined,
  );
  const policy = parsePolicy(
    'p',
    'path "a/{{none}}" { capabilities = ["read"] } path "b" { capabilities = ["read"] }',
  );
  assert.deepEqual(
    renderTemplates(policy, identity).rules.map((rule) => rule.path),
    ['b'],
  );
});

test('a policy that was never rendered grants nothing through its templates', () => {
  const policy = parsePolicy('p', 'path "s/{{identity.entity.id}}/*" { capabilities = ["read"] }');
  assert.deepEqual(compileAcl([policy], 0).capabilities('s/{{identity.entity.id}}/x'), ['deny']);
});

test('no value of an identity widens a path beyond its own segment', () => {
  const value = fc.oneof(
    fc.constantFrom(
      '*',
      '+',
      '/',
      '+/',
      'a*',
      'a/b',
      '',
      '..',
      '.',
      '+a',
      'a+',
      '}}',
      '{{identity.entity.id}}',
      '*/*',
    ),
    fc.string({ unit: fc.constantFrom(...'ab+*/.{}'), maxLength: 6 }),
  );
  const template = fc.constantFrom(
    's/{{identity.entity.name}}/x',
    's/{{identity.entity.name}}/*',
    's/{{identity.entity.name}}',
    's/+/{{identity.entity.name}}/*',
    's/p-{{identity.entity.name}}*',
    '{{identity.entity.name}}/*',
    's/{{identity.entity.name}}{{identity.entity.name}}/+',
  );
  const part = fc.oneof(
    fc.constantFrom('s', 'x', 'a', 'victim', 'b', 'p-'),
    fc.string({ unit: fc.constantFrom(...'ab+*{}'), maxLength: 3 }),
  );
  const path = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(value, template, path, (name, text, asked) => {
      const policy = parsePolicy('p', `path ${JSON.stringify(text)} { capabilities = ["read"] }`);
      const who = { entity: { id: 'e', name, metadata: {}, aliases: [] }, groups: [] };
      const granted = compileAcl([renderTemplates(policy, who)], 0).decide({
        operation: 'read',
        path: asked,
      }).allowed;
      if (!granted) return;
      // Written out by hand: the value as plain text, `+` and the final `*` only where the template has them.
      const quote = (plain: string) => plain.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      const pattern = text
        .split(/(\{\{.*?\}\}|\+|\*$)/)
        .map((piece) =>
          piece.startsWith('{{')
            ? quote(name)
            : piece === '+'
              ? '[^/]*'
              : piece === '*'
                ? '.*'
                : quote(piece),
        )
        .join('');
      assert.match(asked, new RegExp(`^${pattern}$`), `${name} in ${text}`);
      assert.ok(!name.includes('/'), name);
    }),
    { numRuns: 5000 },
  );
});
