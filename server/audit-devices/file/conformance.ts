import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenAuditSubject } from '../../contracts/conformance/audit-suite.ts';

/** A file in a fresh folder for the conformance suite. */
export const open: OpenAuditSubject = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-audit-'));
  const path = join(folder, 'audit.log');
  return {
    options: { file_path: path },
    incomplete: {},
    recorded: () => readFile(path, 'utf8'),
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
};
