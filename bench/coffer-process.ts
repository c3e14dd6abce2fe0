import { reportUsage } from './process.ts';

/** `coffer server -config=FILE`, whole, in a process that can be asked what it has used: from source, or as it is shipped. */
reportUsage();
const [, , configuration, port, form] = process.argv;
const folder = form === 'built' ? '../dist/server' : '../server';
const extension = form === 'built' ? 'js' : 'ts';
const { startServer } = (await import(`${folder}/main.${extension}`)) as typeof import('../server/main.ts');
const { runCommand } = (await import(
  `${folder}/start-up/run-command.${extension}`
)) as typeof import('../server/start-up/run-command.ts');
const done = runCommand(['server', `-config=${configuration}`, '-log-level=error'], process.env, startServer);
process.send?.({ ready: Number(port) });
process.exit(await done);
