import { invalidRequest } from '../../contracts/errors.ts';
import type { SecretsEnginePlugin } from '../../contracts/secrets-engine.ts';
import { versionOne } from './version-one.ts';
import { versionTwo } from './version-two.ts';

type Options = Readonly<Record<string, string>>;

/** Key-value secrets: version 1 keeps the last value of a path, version 2 its versions. */
export const plugin: SecretsEnginePlugin = {
  type: 'kv',
  description: 'key/value secret storage',
  aliases: { 'kv-v1': { version: '1' }, 'kv-v2': { version: '2' }, generic: { version: '1' } },
  version: '1.0.0',
  create: (context) => (versionOf(context.mount.options) === 2 ? versionTwo(context) : versionOne(context)),
  checkOptions(before: Options, after: Options) {
    if (versionOf(after) < versionOf(before)) throw invalidRequest('cannot downgrade mount from version 2');
  },
};

function versionOf(options: Options): 1 | 2 {
  const version = options['version'] ?? '1';
  if (version === '1' || version === '') return 1;
  if (version === '2') return 2;
  throw invalidRequest('the option "version" of a kv mount must be 1 or 2');
}
