import { wipe } from '../../crypto/wipe.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { readConfiguration } from '../configuration/read-configuration.ts';
import { knownPlugins } from '../known-plugins.ts';
import { findInstallation } from '../local/installation.ts';
import { dataFolderOf } from '../local/places.ts';
import { describeFlags, type FlagDeclarations, type ParsedFlags, parseFlags } from '../parse-flags.ts';
import { explain, StartProblem } from '../start-problem.ts';
import { askShareOn } from './ask-share.ts';
import { checkRecords, mostNamed, type RecordsReport } from './check-records.ts';
import { openWithSeal } from './open-with-seal.ts';
import { ReadOnlyStore, reasonOf } from './read-only-store.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const flags: FlagDeclarations = {
  config: {
    kind: 'texts',
    value: 'PATH',
    description: 'Configuration of the server whose store it is (file or folder).',
  },
  data: {
    kind: 'text',
    value: 'FOLDER',
    description: 'Data folder of `coffer start`; otherwise COFFER_DATA, or the usual place.',
  },
  'key-file': {
    kind: 'text',
    value: 'FILE',
    description: 'The key of that store, where it is not in the usual place.',
  },
  'pages-only': { kind: 'switch', description: 'Check the pages of the database only, which takes no key.' },
};

export const checkHelp = `Usage: coffer operator check [flags]

Checks a store for damage without a server: the pages and indexes of its database, then every record, which
is opened with the store's key. Nothing is written, and a server may go on running on the store. Keys of
damaged records are named; their contents are never shown. Shares of a store under the seal "shamir" are read
from standard input, one a line.

Exit code: 0 everything is sound, 2 damage was found, 1 the check could not be made.

Examples:
  coffer operator check -config=/etc/coffer/coffer.hcl
  coffer operator check -data=/backup/coffer -key-file=/safe/unseal.key

Flags:
${describeFlags(flags)}`;

/** Where the check reads shares and writes to. */
export interface CheckStreams {
  readonly input: NodeJS.ReadStream;
  readonly out: (text: string) => void;
  readonly err: NodeJS.WriteStream;
}

/** `coffer operator check`. Returns the exit code. */
export async function runCheck(
  argv: readonly string[],
  environment: Environment,
  { input, out, err }: CheckStreams,
): Promise<number> {
  let store: ReadOnlyStore | undefined;
  let isDamaged = false;
  try {
    const given = parseFlags(argv, flags, environment);
    if (given.isHelp) {
      out(checkHelp);
      return 0;
    }
    const { folder, configuration } = placeOf(given, environment);
    store = openStore(folder);
    const pages = store.pageProblems();
    isDamaged = pages.length > 0;
    out(pages.length === 0 ? 'Pages and indexes: sound\n' : `Pages and indexes: damaged\n${lines(pages)}`);
    if (given.isOn('pages-only')) return isDamaged ? 2 : 0;
    const rootKey = await openWithSeal(store, configuration, environment, askShareOn(input, err));
    try {
      const report = await checkRecords(store, rootKey, progressOn(err, store));
      out(textOf(report));
      return isDamaged || report.damagedCount > 0 || report.endedEarly !== undefined ? 2 : 0;
    } finally {
      wipe(rootKey);
    }
  } catch (error) {
    const what = isDamaged ? 'The records cannot be checked' : 'The store cannot be checked';
    err.write(explain(error).replace('Coffer cannot start', what));
    return isDamaged ? 2 : 1;
  } finally {
    await store?.close();
  }
}

function openStore(folder: string): ReadOnlyStore {
  try {
    return new ReadOnlyStore(folder);
  } catch (error) {
    if (error instanceof StartProblem) throw error;
    throw new StartProblem(
      `the database in ${folder} cannot be read (${reasonOf(error)})`,
      'Restore it from a backup: docs/guides/production.md says how.',
    );
  }
}

function placeOf(
  given: ParsedFlags,
  environment: Environment,
): { folder: string; configuration: Configuration } {
  const paths = given.texts('config');
  const text = paths.length > 0 ? [] : [{ name: '-data', text: localConfiguration(given, environment) }];
  const configuration = readConfiguration({
    texts: text,
    paths,
    environment,
    plugins: knownPlugins(),
    overrides: {},
  });
  const { type, settings } = configuration.storage;
  const folder = settings['path'];
  if (type !== 'sqlite' || typeof folder !== 'string')
    throw new StartProblem(
      `the storage "${type}" is not a folder of files`,
      'A check reads the storage "sqlite"; a database server has tools of its own.',
    );
  return { folder, configuration };
}

function localConfiguration(given: ParsedFlags, environment: Environment): string {
  const { dataFolder, keyFile } = findInstallation(
    dataFolderOf(given.text('data'), environment),
    given.text('key-file'),
    environment,
  );
  return JSON.stringify({
    storage: { sqlite: { path: dataFolder } },
    listener: { tcp: { address: '127.0.0.1:8200', tls_disable: true } },
    seal: { static: keyFile === undefined ? {} : { key_file: keyFile } },
  });
}

/** One line that is written over, on a terminal only. */
function progressOn(err: NodeJS.WriteStream, store: ReadOnlyStore): (checked: number) => void {
  if (!err.isTTY) return () => {};
  const all = store.count();
  return (checked) =>
    void err.write(`\r\x1b[2K${checked < all ? `Opening records: ${checked} of ${all}` : ''}`);
}

function textOf({ checked, damaged, damagedCount, endedEarly }: RecordsReport): string {
  const named = damaged.map(({ key, reason }) => `${JSON.stringify(key)}: ${reason}`);
  const more = damagedCount > mostNamed ? [`and ${damagedCount - mostNamed} more`] : [];
  const verdict = damagedCount === 0 && endedEarly === undefined ? 'sound' : `${damagedCount} damaged`;
  const end = endedEarly === undefined ? [] : [`The check ended before the last record: ${endedEarly}`];
  return `Records: ${checked} checked, ${verdict}\n${lines([...named, ...more, ...end])}`;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `  ${text}\n`).join('');
}
