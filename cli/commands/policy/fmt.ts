import fs from 'node:fs';
import { formatHcl, HclError } from '../../../formats/hcl/index.ts';
import { PolicyError, parsePolicy } from '../../../formats/policy/index.ts';
import { readTextFile } from '../../arguments/data-arguments.ts';
import { Failure, reasonOf } from '../../failure.ts';
import { printSuccess } from '../../output/print.ts';
import { type Run, word } from '../../run.ts';

export async function fmt(run: Run): Promise<number> {
  const path = word(run, 0).trim();
  const formatted = format(readSource(path));
  try {
    fs.writeFileSync(path, formatted);
  } catch (error) {
    throw new Failure(1, `Error writing result: cannot write ${path}: ${reasonOf(error)}`);
  }
  return printSuccess(run, `Success! Formatted policy: ${path}`);
}

function readSource(path: string): string {
  try {
    return readTextFile(path);
  } catch (error) {
    throw new Failure(1, `Error reading source file: ${error instanceof Error ? error.message : ''}`);
  }
}

function format(text: string): string {
  try {
    const formatted = formatHcl(text);
    parsePolicy('policy', text);
    return formatted;
  } catch (error) {
    if (error instanceof HclError) throw new Failure(1, `failed to parse policy: ${error.message}`);
    if (error instanceof PolicyError) throw new Failure(1, error.message, error.hint || undefined);
    throw error;
  }
}
