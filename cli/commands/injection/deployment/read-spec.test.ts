import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Failure } from '../../../failure.ts';
import { secretsOf } from './deployment-spec.ts';
import { readSpec } from './read-spec.ts';

function refusal(text: string): string {
  try {
    readSpec('spec.yaml', text);
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    return `${error.message} ${error.hint ?? ''}`;
  }
  return assert.fail(`accepted:\n${text}`);
}

function mounted(mount: string, items = ''): string {
  return `volumes:\n- { name: v, secret: { secretName: s${items} } }\nvolumeMounts:\n- { name: v, ${mount} }\n`;
}

describe('a deployment’s YAML', () => {
  test('names by line and key what is not known', () => {
    const text = 'env:\n  - name: A\n    valueFrom:\n      secretkeyref: { name: a }\n';
    assert.match(
      refusal(text),
      /^spec\.yaml:4: env\[0\]\.valueFrom\.secretkeyref is not a key .*Did you mean "secretKeyRef"\?/,
    );
    assert.match(
      refusal('env:\n- name: A\n  valueFrom: { configMapKeyRef: { name: a } }\n'),
      /:3: .*configMapKeyRef/,
    );
    assert.match(refusal('env: []\nenvfrom: []\n'), /:2: envfrom/);
    assert.match(refusal('env: { A: b }\n'), /^spec\.yaml:1: env is not a list/);
    assert.match(refusal('env:\n- { name: A }\n- { value: b }\n'), /:3: env\[1\] needs name/);
  });

  test('says what is wrong without showing it', () => {
    const secret = 'hunter2';
    for (const text of [
      `env:\n- { name: A, value: { ${secret}x: 1 } }\n`,
      `env:\n- name: A\n  value: [${secret}\n`,
      `env:\n- name: A\n  value: "${secret}\\q"\n`,
      `env:\n- { name: A, value: ${secret}, value: ${secret} }\n`,
    ]) {
      const message = refusal(text);
      assert.match(message, /^spec\.yaml:[234]:/);
      assert.ok(!message.includes(secret), message);
    }
    assert.match(refusal('env:\n- { name: A, value: 8080 }\n'), /a number, and not a text Put it in quotes/);
    assert.match(refusal('env:\n- { name: "A=B", value: c }\n'), /cannot be the name of a variable/);
  });

  test('cannot lead out of the folder of the files', () => {
    for (const path of [
      '/a/../../b',
      'relative',
      '/',
      '/a//b',
      '/./a',
      '/..data',
      '/a/..x',
      '"/a\\0b"',
      '""',
      '"/a\\\\b"',
    ])
      assert.match(
        refusal(mounted(`mountPath: ${path}`)),
        /:4: volumeMounts\[0\]\.mountPath is no absolute/,
        path,
      );
    for (const path of ['/a', '../a', 'a/../../b', '..data', '.', 'a//b'])
      assert.match(refusal(mounted(`mountPath: /m, subPath: ${path}`)), /:4: .*subPath is no path/, path);
    for (const path of ['/a', '../a', 'a/../../b', '..data', '.', '""'])
      assert.match(
        refusal(mounted('mountPath: /m', `, items: [{ key: k, path: ${path} }]`)),
        /:2: .*items\[0\]\.path is no path below/,
        path,
      );
  });

  test('mounts nothing within another mount, whose links could lead elsewhere', () => {
    const two = (a: string, b: string) => `${mounted(`mountPath: ${a}`)}- { name: v, mountPath: ${b} }\n`;
    assert.match(refusal(two('/a', '/a/b')), /:5: volumeMounts\[1\] is mounted/);
    assert.match(refusal(two('/a/b', '/a')), /:5: volumeMounts\[1\] is mounted/);
    assert.match(refusal(two('/a', '/a/')), /:5: volumeMounts\[1\] is mounted/);
    assert.equal(readSpec('spec.yaml', two('/a/b', '/a/bc')).mounts.length, 2);
  });

  test('reads modes as Kubernetes does, octal with a leading zero', () => {
    const mode = (text: string) =>
      readSpec('spec.yaml', mounted('mountPath: /m', `, defaultMode: ${text}`)).mounts[0]?.volume.defaultMode;
    assert.equal(mode('0400'), 0o400);
    assert.equal(mode('0o444'), 0o444);
    assert.equal(mode('256'), 0o400);
    for (const wrong of ['0999', '1000', '-1', '0x10', 'true', '"0400"'])
      assert.match(refusal(mounted('mountPath: /m', `, defaultMode: ${wrong}`)), /is no file mode/, wrong);
  });

  test('names no secret of a volume that is not mounted', () => {
    const spec = readSpec('spec.yaml', 'volumes:\n- { name: v, secret: { secretName: s } }\n');
    assert.deepEqual(secretsOf(spec), []);
  });

  test('is read through anchors, which cannot make it large', () => {
    const spec = readSpec(
      'spec.yaml',
      'env:\n- { name: A, valueFrom: &from { secretKeyRef: { name: s } } }\n- { name: B, valueFrom: *from }\n',
    );
    assert.equal(spec.variables.length, 2);
    assert.match(refusal('env: &e\n- { name: A, valueFrom: *e }\n'), /is not a mapping/);
  });
});
