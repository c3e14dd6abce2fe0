import { PlainRecords } from '../../barrier/plain-records.ts';
import { CofferError } from '../../contracts/errors.ts';
import { silentLogger } from '../../contracts/logger.ts';
import type { Seal, SealPlugin } from '../../contracts/seal.ts';
import { decodeShare, ShareCollection } from '../../core/lifecycle/key-shares.ts';
import { unwrapRootKey } from '../../core/lifecycle/quorum-proof.ts';
import { chooseSeal } from '../../core/lifecycle/seal-choice.ts';
import { type ReadyRecord, readSealRecord } from '../../core/lifecycle/seal-record.ts';
import { proveShares } from '../../core/lifecycle/unseal.ts';
import { wipe } from '../../crypto/wipe.ts';
import { loadPlugins } from '../../load-plugins.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { StartProblem } from '../start-problem.ts';
import type { ReadOnlyStore } from './read-only-store.ts';

/** Asks for the next key share, given how many are there and needed; undefined when nobody has more. */
export type AskShare = (given: number) => Promise<string | undefined>;

/** The root key of the store by the seals of the configuration; the caller wipes it. Changes nothing. */
export async function openWithSeal(
  store: ReadOnlyStore,
  configuration: Configuration,
  environment: Readonly<Record<string, string | undefined>>,
  askShare: AskShare,
): Promise<Uint8Array> {
  const stored = await readSealRecord(new PlainRecords(store, () => store.commit()));
  if (stored?.record.stage !== 'ready') throw new CofferError('not-initialized');
  const record: ReadyRecord = stored.record;
  const plugins = await loadPlugins<SealPlugin>('seals');
  const opened: Seal[] = [];
  const open = async (type: string, settings: Readonly<Record<string, unknown>>): Promise<Seal> => {
    const plugin = plugins.get(type);
    if (!plugin)
      throw new StartProblem(
        `there is no seal "${type}"`,
        `This program has: ${[...plugins.keys()].join(', ')}.`,
      );
    const seal = await plugin.open(settings, { environment, logger: silentLogger });
    opened.push(seal);
    return seal;
  };
  try {
    const stanzas = configuration.seals.some(({ type }) => type === 'shamir')
      ? configuration.seals
      : [...configuration.seals, { type: 'shamir', settings: {} }];
    const [seal, ...retiredSeals] = await Promise.all(stanzas.map((one) => open(one.type, one.settings)));
    if (!seal) throw new StartProblem('the configuration has no seal', 'Add the stanza of the seal.');
    const choice = chooseSeal({ seal, retiredSeals }, record);
    const from = choice.kind === 'same' ? choice.seal : choice.from;
    return from.mode === 'auto'
      ? await unwrapRootKey(from, record)
      : await fromShares(from, record, askShare);
  } finally {
    for (const seal of opened) await seal.close();
  }
}

async function fromShares(seal: Seal, record: ReadyRecord, askShare: AskShare): Promise<Uint8Array> {
  const shares = new ShareCollection('when started');
  for (;;) {
    const text = await askShare(shares.progress);
    if (text === undefined)
      throw new StartProblem(
        'there are not enough key shares to open the records',
        'Write them to standard input, one a line; without them, -pages-only checks the pages alone.',
      );
    shares.add(decodeShare(text));
    const proven = await proveShares(seal, record, shares);
    if (!proven) continue;
    wipe(proven.key);
    return proven.rootKey;
  }
}
