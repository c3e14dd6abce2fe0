const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 26) {
  process.stderr.write(
    `Coffer needs Node.js 26 or newer; this is ${process.version}.\n` +
      'Run `npm ci` in its folder, which brings the right one, and start it as bin/coffer.\n',
  );
  process.exit(1);
}
// The launcher's own settings; what the server or an agent starts must not inherit them.
const environment = { ...process.env };
delete process.env['COFFER_PROGRAM'];
if (process.env['COFFER_LAUNCHED'] !== undefined) {
  delete process.env['COFFER_LAUNCHED'];
  delete process.env['NODE_COMPILE_CACHE'];
}

const { runCommandLine } = await import('../cli/main.ts');
const { processTerminal } = await import('../cli/terminal.ts');

process.exitCode = await runCommandLine({
  argv: process.argv.slice(2),
  environment,
  terminal: processTerminal(),
  async runServer(argv, environment) {
    const [{ runCommand }, { startServer }] = await Promise.all([
      import('../server/start-up/run-command.ts'),
      import('../server/main.ts'),
    ]);
    return runCommand(argv, environment, startServer);
  },
});

export {};
