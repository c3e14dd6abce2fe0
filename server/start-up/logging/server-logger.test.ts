import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ManualClock } from '../../contracts/clock.ts';
import { LogFile } from './log-file.ts';
import { createServerLog } from './server-logger.ts';

function collect() {
  const lines: string[] = [];
  return { lines, output: { write: (line: string) => void lines.push(line), reopen() {}, close() {} } };
}

const clock = new ManualClock(Date.UTC(2026, 10, 23, 7));

describe('the server log', () => {
  it('writes the lines that Vault writes', () => {
    const { lines, output } = collect();
    const { logger } = createServerLog({ level: 'info', format: 'standard', clock, outputs: [output] });
    logger.named('core').info('security barrier initialized', { shares: 1, threshold: 1 });
    logger.warn('no `api_addr`');
    assert.deepEqual(lines, [
      '2026-11-23T07:00:00.000Z [INFO]  core: security barrier initialized: shares=1 threshold=1\n',
      '2026-11-23T07:00:00.000Z [WARN]  no `api_addr`\n',
    ]);
  });

  it('writes JSON with the keys of Vault, which a field cannot replace', () => {
    const { lines, output } = collect();
    const { logger } = createServerLog({ level: 'info', format: 'json', clock, outputs: [output] });
    logger
      .named('core')
      .named('audit')
      .error('stuck', { device: 'file/', '@level': 'info', skipped: undefined });
    assert.deepEqual(JSON.parse(lines[0]!), {
      '@level': 'error',
      '@message': 'stuck',
      '@module': 'core.audit',
      '@timestamp': '2026-11-23T07:00:00.000Z',
      device: 'file/',
      '_@level': 'info',
    });
  });

  it('lets no value forge a line, a field or a terminal command', () => {
    for (const format of ['standard', 'json'] as const) {
      const { lines, output } = collect();
      const { logger } = createServerLog({ level: 'info', format, clock, outputs: [output] });
      const attack = 'x\n2026-11-23T07:00:00.000Z [INFO]  core: unsealed\u001b[2J\u2028\u202e" admin=true';
      logger.info(attack, { name: attack, [attack]: 1 });
      assert.equal(lines.length, 1);
      assert.match(lines[0]!, /^[^\u0000-\u001f\u007f-\u009f\u2028\u202e]*\n$/);
      assert.doesNotMatch(lines[0]!, /=x/, 'the value stands in quotes');
    }
  });

  it('bounds the length of one line whatever it is given', () => {
    const { lines, output } = collect();
    const { logger } = createServerLog({ level: 'info', format: 'standard', clock, outputs: [output] });
    const many = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [`k${index}`, 'v'.repeat(9999)]),
    );
    logger.info('m'.repeat(1_000_000), many);
    assert.ok(lines[0]!.length < 32 * 1100 + 3000, `${lines[0]!.length}`);
  });

  it('changes its level at run time for loggers that were made before', () => {
    const { lines, output } = collect();
    const log = createServerLog({ level: 'warn', format: 'standard', clock, outputs: [output] });
    const storage = log.logger.named('storage');
    storage.info('before');
    log.setLevel('debug');
    storage.debug('after');
    assert.equal(log.level(), 'debug');
    assert.deepEqual(lines, ['2026-11-23T07:00:00.000Z [DEBUG] storage: after\n']);
  });
});

describe('a log file', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'coffer-log-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const noProblem = (error: unknown) => assert.fail(String(error));
  const never = { rotateBytes: 0, rotateSeconds: 0, rotateMaxFiles: 0 };

  it('is readable by its owner only and goes on where it ended', () => {
    const path = join(folder, 'own', 'server.log');
    for (const line of ['one\n', 'two\n']) {
      const file = new LogFile({ path, ...never }, clock, noProblem);
      file.write(line);
      file.close();
    }
    assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n');
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('is called coffer.log in a folder, and a new file once the old was moved away', () => {
    const file = new LogFile({ path: `${folder}/moved/`, ...never }, clock, noProblem);
    file.write('one\n');
    renameSync(join(folder, 'moved/coffer.log'), join(folder, 'moved/old.log'));
    file.write('two\n');
    file.reopen();
    file.write('three\n');
    file.close();
    assert.equal(readFileSync(join(folder, 'moved/old.log'), 'utf8'), 'one\ntwo\n');
    assert.equal(readFileSync(join(folder, 'moved/coffer.log'), 'utf8'), 'three\n');
  });

  it('is rotated by size and by age, and old files beyond the number are removed', () => {
    const moving = new ManualClock(1_000_000);
    const path = join(folder, 'rotated', 'server.log');
    const file = new LogFile(
      { path, rotateBytes: 10, rotateSeconds: 60, rotateMaxFiles: 2 },
      moving,
      noProblem,
    );
    for (const line of ['aaaaaa\n', 'bbbbbb\n', 'cccccc\n', 'dddddd\n']) {
      file.write(line);
      moving.advance(1);
    }
    assert.deepEqual(readdirSync(join(folder, 'rotated')).length, 3);
    moving.advance(60_000);
    file.write('e\n');
    file.close();
    assert.equal(readFileSync(path, 'utf8'), 'e\n');
    const old = readdirSync(join(folder, 'rotated')).filter((name) => name !== 'server.log');
    assert.deepEqual(
      old.map((name) => readFileSync(join(folder, 'rotated', name), 'utf8')),
      ['cccccc\n', 'dddddd\n'],
    );
  });

  it('tells once that it cannot be written, and never throws', () => {
    const problems: unknown[] = [];
    const file = new LogFile({ path: '/dev/full', ...never }, clock, (problem) => problems.push(problem));
    file.write('one\n');
    file.write('two\n');
    assert.equal(problems.length, 1);
    assert.match(String(problems[0]), /ENOSPC/);
    file.close();
  });
});
