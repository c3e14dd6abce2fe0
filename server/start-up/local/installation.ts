import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createStaticKeyFile } from '../../seals/static/index.ts';
import { makeFolders, readIfThere, writeSecretFile } from '../secret-file.ts';
import { codeOf, StartProblem } from '../start-problem.ts';
import { isInside, keyFolderOf } from './places.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** One store of `coffer start`: its data, and outside of it the key that opens it. */
export interface Installation {
  /** Random; kept in the data folder. */
  readonly id: string;
  readonly dataFolder: string;
  /** Undefined when the key comes from the environment. */
  readonly keyFile: string | undefined;
  readonly rootTokenFile: string;
  readonly recoveryKeyFile: string;
  /** The token of a first start that is not complete: there from before the store is initialised until the end of it. */
  readonly unfinishedFile: string;
}

const storeName = 'coffer.db';
const idName = 'installation-id';
const keyVariable = 'COFFER_SECRET_ENCRYPTION_KEY';

/**
 * Finds the installation of a data folder without changing anything, or says what a new one would be. The data
 * folder holds a random id, and the key lies in a folder of that name, so that moving the data keeps them together.
 */
export function findInstallation(
  dataFolder: string,
  chosenKeyFile: string | undefined,
  environment: Environment,
): Installation {
  const id = idOf(dataFolder, chosenKeyFile !== undefined);
  const keyFolder = chosenKeyFile === undefined ? keyFolderOf(id, environment) : dirname(chosenKeyFile);
  const prefix = chosenKeyFile === undefined ? '' : `${id}-`;
  const keyFile = chosenKeyFile ?? (environment[keyVariable] ? undefined : join(keyFolder, 'unseal.key'));
  if (keyFile !== undefined && isInside(dataFolder, keyFile)) {
    throw new StartProblem(
      'the key file may not lie in the data folder',
      'Whoever gets the folder would have the key with it. Choose another -key-file.',
    );
  }
  return {
    id,
    dataFolder,
    keyFile,
    rootTokenFile: join(keyFolder, `${prefix}root-token`),
    recoveryKeyFile: join(keyFolder, `${prefix}recovery-key`),
    unfinishedFile: join(keyFolder, `${prefix}first-start-unfinished`),
  };
}

/**
 * Makes the data folder and, for a new store, its key: id first, then key, then store. So a store without a key
 * always means that the key was lost, and a crash in between leaves nothing that the next start has to repair.
 */
export async function prepareInstallation(installation: Installation): Promise<void> {
  const { dataFolder, keyFile } = installation;
  makeFolder(dataFolder);
  const hasStore = existsSync(join(dataFolder, storeName));
  if (!hasStore) refuseForeignFolder(dataFolder);
  if (readIfThere(join(dataFolder, idName)) === undefined) {
    writeSecretFile(join(dataFolder, idName), `${installation.id}\n`);
  }
  if (keyFile === undefined) return;
  const key = readKey(keyFile);
  if (hasStore && key === undefined) {
    throw new StartProblem(
      `the key that opens the data in ${dataFolder} is not at ${keyFile}`,
      `Put the key file back there from your copy, or name it with -key-file or ${keyVariable}. Without it nobody can open this data; to begin anew, move the data folder away.`,
    );
  }
  if (hasStore || (key !== undefined && key !== '')) return;
  try {
    rmSync(keyFile, { force: true });
    await createStaticKeyFile(keyFile);
  } catch (error) {
    throw new StartProblem(
      `the key file ${keyFile} cannot be made (${codeOf(error) || 'unknown reason'})`,
      'Choose a place that this user may write to with -key-file.',
      { cause: error },
    );
  }
}

function idOf(dataFolder: string, hasChosenKey: boolean): string {
  let id: string | undefined;
  try {
    id = readIfThere(join(dataFolder, idName));
  } catch (error) {
    throw folderProblem(dataFolder, error);
  }
  if (id !== undefined && /^[0-9a-f]{16}$/.test(id)) return id;
  if (id !== undefined && id !== '') {
    throw new StartProblem(
      `${join(dataFolder, idName)} is damaged`,
      'Put it back from a copy, or name the key with -key-file.',
    );
  }
  if (existsSync(join(dataFolder, storeName)) && !hasChosenKey) {
    throw new StartProblem(
      `the store in ${dataFolder} was not made by "coffer start"`,
      'Start it with "coffer server -config=FILE" as before, or name its key with -key-file.',
    );
  }
  return randomBytes(8).toString('hex');
}

function makeFolder(folder: string): void {
  try {
    makeFolders(folder);
    if (!statSync(folder).isDirectory())
      throw new StartProblem(`${folder} is no folder`, 'Choose another with -data.');
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw error instanceof StartProblem ? error : folderProblem(folder, error);
  }
}

function folderProblem(folder: string, error: unknown): StartProblem {
  const hint = 'Choose another with -data=FOLDER or COFFER_DATA.';
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOENT':
      return new StartProblem(`the data folder ${folder} cannot be written by this user`, hint, {
        cause: error,
      });
    case 'ENOTDIR':
    case 'EEXIST':
      return new StartProblem(`the data folder ${folder} cannot be made: a file is in its way`, hint, {
        cause: error,
      });
    case 'ENOSPC':
      return new StartProblem(
        `there is no space for the data folder ${folder}`,
        'Free some, or choose another with -data.',
        { cause: error },
      );
    default:
      return new StartProblem(
        `the data folder ${folder} cannot be used (${codeOf(error) || 'unknown reason'})`,
        hint,
        { cause: error },
      );
  }
}

/** A folder of something else is not a data folder: it is probably a slip. */
function refuseForeignFolder(folder: string): void {
  const isOwn = (name: string): boolean => name.startsWith(idName) || name.startsWith('coffer.');
  const foreign = readdirSync(folder).find((name) => name !== 'lost+found' && !isOwn(name));
  if (foreign === undefined) return;
  throw new StartProblem(
    `the folder ${folder} holds other files`,
    'Choose an empty one, or one that does not exist, with -data.',
  );
}

function readKey(keyFile: string): string | undefined {
  try {
    return readIfThere(keyFile);
  } catch (error) {
    throw new StartProblem(
      `the key file ${keyFile} cannot be read (${codeOf(error) || 'unknown reason'})`,
      'It must belong to the user who starts Coffer.',
      { cause: error },
    );
  }
}
