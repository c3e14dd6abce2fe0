import { startServer } from '../server/main.ts';
import { runCommand } from '../server/start-up/run-command.ts';
import { reportUsage } from './process.ts';

/** `coffer server -config=FILE`, whole, in a process that can be asked what it has used. */
reportUsage();
const done = runCommand(['server', `-config=${process.argv[2]}`, '-log-level=error'], process.env, startServer);
process.send?.({ ready: Number(process.argv[3]) });
process.exit(await done);
