import { parseTemplate, type Template, TemplateError } from '../../../formats/go-template/index.ts';
import { Failure, reasonOf } from '../../failure.ts';
import type { Run } from '../../run.ts';
import { SecretChoice } from './chosen-secrets.ts';

const fs = process.getBuiltinModule('node:fs');

export async function inject(run: Run): Promise<number> {
  const source = run.flags.text('in') ?? '-';
  const target = run.flags.text('out');
  const template = parsed(source === '-' ? run.terminal.readInput() : readFile(source));
  const secrets = await (await SecretChoice.of(run)).read();
  // Without a prototype: a template must not find what no secret is called.
  const data = Object.assign(
    Object.create(null) as Record<string, string>,
    Object.fromEntries(secrets.map(({ name, text }) => [name, text])),
  );
  const text = rendered(() => template.render(data));
  if (target === undefined || target === '-') run.terminal.out(text);
  else writeWhole(target, text);
  return 0;
}

function parsed(source: string): Template {
  return rendered(() => parseTemplate(source, {}, { missingKey: 'error' }));
}

function rendered<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new Failure(
      1,
      `the template cannot be filled: ${error.message}`,
      'secrets:list shows the names there are.',
    );
  }
}

function readFile(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    throw new Failure(1, `cannot read ${path}: ${reasonOf(error)}`);
  }
}

/** Beside the target first, for the owner alone, and then in its place at once. */
function writeWhole(path: string, text: string): void {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    fs.rmSync(beside, { force: true });
    const file = fs.openSync(beside, 'wx', 0o600);
    try {
      fs.writeSync(file, text);
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
    fs.renameSync(beside, path);
  } catch (error) {
    fs.rmSync(beside, { force: true });
    throw new Failure(1, `cannot write ${path}: ${reasonOf(error)}`);
  }
}
