import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { SecretsEnginePlugin } from '../secrets-engine.ts';
import { declarationSuite } from './declaration-suite.ts';
import { engineHarness } from './engine-harness.ts';
import { MemoryRecords } from './memory-records.ts';

export interface EngineSuiteSettings {
  /** The plug-in's folder. */
  readonly folder: string;
  /** Mount options to try; each makes an engine of its own. The default is none, and what each alias implies. */
  readonly mountOptions?: readonly Readonly<Record<string, string>>[];
}

/** What every secrets engine promises by its declarations alone, whatever it does. */
export function secretsEngineConformance(plugin: SecretsEnginePlugin, settings: EngineSuiteSettings): void {
  describe(`secrets engine ${path.basename(settings.folder)}`, () => {
    test('is named as its folder, and says what it is', () => {
      assert.equal(plugin.type, path.basename(settings.folder));
      assert.match(plugin.type, /^[a-z][a-z0-9-]*$/);
      assert.ok(plugin.description.length > 0);
      if (plugin.version !== undefined) assert.match(plugin.version, /^\d+\.\d+\.\d+$/);
      for (const alias of Object.keys(plugin.aliases ?? {})) {
        assert.match(alias, /^[a-z][a-z0-9-]*$/);
        assert.notEqual(alias, plugin.type);
      }
    });

    test('has a README that says more than its name', () => {
      const file = path.join(settings.folder, 'README.md');
      assert.ok(existsSync(file), `${file} is missing`);
      assert.ok(readFileSync(file, 'utf8').length > 200);
    });

    test('accepts unchanged options', () => {
      for (const options of optionsOf(plugin, settings)) plugin.checkOptions?.(options, options);
    });

    for (const options of optionsOf(plugin, settings)) {
      describe(`with mount options ${JSON.stringify(options)}`, () => declarations(plugin, options));
    }
  });
}

function optionsOf(
  plugin: SecretsEnginePlugin,
  settings: EngineSuiteSettings,
): readonly Readonly<Record<string, string>>[] {
  if (settings.mountOptions) return settings.mountOptions;
  const distinct = new Map(
    [{}, ...Object.values(plugin.aliases ?? {})].map((options) => [JSON.stringify(options), options]),
  );
  return [...distinct.values()];
}

function declarations(plugin: SecretsEnginePlugin, options: Readonly<Record<string, string>>): void {
  declarationSuite(async () => {
    const { engine, records } = await engineHarness(plugin, { options });
    return { paths: engine.paths, records, close: async () => engine.close?.() };
  });

  test('tidy, tokenEnded and close are safe to call on an engine that was never used, and to repeat', async () => {
    const kit = await engineHarness(plugin, { options });
    for (let round = 0; round < 2; round++) {
      await kit.engine.tidy?.();
      await kit.engine.tokenEnded?.('handle');
    }
    await kit.engine.close?.();
    await kit.engine.close?.();
  });

  test('opens again on the records that it left', async () => {
    const records = new MemoryRecords();
    for (let start = 0; start < 2; start++) {
      const kit = await engineHarness(plugin, { options, records });
      await kit.engine.close?.();
    }
  });
}
