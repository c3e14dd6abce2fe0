import { writeSync } from 'node:fs';
import { silentLogger } from '../../contracts/logger.ts';
import { plugin as sqlite } from '../../storage/sqlite/index.ts';
import { hex, openWorld, shares } from './lifecycle-harness.ts';

/*
 * The child of killed-process.test.ts: `node killed-process-harness.ts FOLDER [SHARES]`. Initialises the store, or unseals it with SHARES (JSON list of hex),
 * and rekeys until it is killed. Every set of shares it is given goes to standard output, one JSON list a line.
 */
const [, , path = '', given] = process.argv;
const storage = await sqlite.open({ path }, { logger: silentLogger, onFatal: () => process.exit(3) });
const world = await openWorld({ storage });
const print = (keys: readonly string[]) => writeSync(1, `${JSON.stringify(keys)}\n`);

let current: string[];
if (given === undefined) {
  current = (await world.lifecycle.init({ unseal: shares(2, 2) })).keys.bytes.map(hex);
  print(current);
} else {
  current = JSON.parse(given);
}
for (const key of current) await world.lifecycle.submitShare(key, { migrate: false });
if (!world.lifecycle.unsealed) process.exit(4);
const { rekeyUnseal } = world.lifecycle;
for (;;) {
  await rekeyUnseal.start({ ...shares(2, 2), backup: false, requireVerification: false }, false);
  const { nonce } = await rekeyUnseal.status();
  for (const key of current) {
    const progress = await rekeyUnseal.provide(key, nonce);
    if (progress.complete) {
      current = progress.result.keys.bytes.map(hex);
      print(current);
      break;
    }
  }
}
