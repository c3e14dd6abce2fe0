import { parseJsonForm } from './parse-json-form.ts';
import { parseNative } from './parse-native.ts';
import { scan } from './scan.ts';
import type { HclDocument, HclOptions } from './syntax.ts';
import { defaultMaxDepth, HclSource } from './syntax.ts';

/**
 * Reads HCL version 1, or JSON when the text begins with `{`, as Vault's configuration and policies use
 * them. For hostile text too: linear time, bounded depth and length. Throws `HclError` and nothing else.
 */
export function parseHcl(text: string, options: HclOptions = {}): HclDocument {
  const source = new HclSource(text, options);
  const maxDepth = options.maxDepth ?? defaultMaxDepth;
  if (/^\ufeff?[ \t\r\n]*\{/.test(text)) {
    return { file: source.file, form: 'json', body: parseJsonForm(source, maxDepth) };
  }
  return { file: source.file, form: 'hcl', body: parseNative(source, scan(source).tokens, maxDepth) };
}
