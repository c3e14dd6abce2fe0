import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * `npm test`: all tests, or those that the arguments name. Every test file is a process of its own that reads the same
 * sources, so what the runtime compiled is kept between them: that halves their start.
 */
const everything = '{server,formats,sdk,cli,agent,tools,tests}/**/*.test.ts';
const root = join(import.meta.dirname, '..');
const given = process.argv.slice(2);
const options = ['--test', '--test-reporter=spec', '--test-concurrency=2', '--test-timeout=240000'];
const { status, error } = spawnSync(
  process.execPath,
  [...options, ...(given.length > 0 ? given : [everything])],
  {
    stdio: 'inherit',
    env: { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compiled'), ...process.env },
  },
);
if (error) throw error;
process.exitCode = status ?? 1;
