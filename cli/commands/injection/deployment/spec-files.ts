import { Failure } from '../../../failure.ts';
import type { ReadSecret } from '../read-secrets.ts';
import type { SafePath, SecretMount } from './deployment-spec.ts';
import type { FileContent, Projection } from './mounted-files.ts';
import { isSafeElement, isWithin } from './safe-path.ts';
import { noSuchKey } from './spec-environment.ts';
import { keysOf, type SpecSecrets, textAt } from './spec-secrets.ts';

interface Placed extends FileContent {
  readonly path: SafePath;
}

/** What stands at a mount: nothing, or an empty folder, when its secret is optional and not there. Throws `Failure` for a key that is not there. */
export function projectionOf(mount: SecretMount, secrets: SpecSecrets): Projection | undefined {
  const secret = secrets.find(mount.volume.secret);
  const { subPath } = mount;
  if (secret === undefined) return subPath === undefined ? { at: mount.at, files: new Map() } : undefined;
  const all = filesOf(mount, secret);
  if (subPath === undefined) return { at: mount.at, files: byPath(mount, all) };
  const same = all.find(({ path }) => path.length === subPath.length && isWithin(path, subPath));
  if (same !== undefined) return { at: mount.at, file: same };
  const below = all
    .filter(({ path }) => isWithin(path, subPath))
    .map((file) => ({ ...file, path: file.path.slice(subPath.length) }));
  if (below.length > 0) return { at: mount.at, files: byPath(mount, below) };
  throw new Failure(
    1,
    `${mount.place}: the volume holds no ${subPath.join('/')}`,
    `It holds: ${all.map(({ path }) => path.join('/')).join(', ')}.`,
  );
}

function filesOf({ volume }: SecretMount, secret: ReadSecret): Placed[] {
  const mode = onlyForItsOwner(volume.defaultMode ?? 0o400);
  if (volume.items === undefined)
    return keysOf(secret).map((key) => {
      if (isSafeElement(key)) return { path: [key], bytes: bytesAt(secret, key) ?? Buffer.alloc(0), mode };
      throw new Failure(
        1,
        `${volume.place}: the key ${JSON.stringify(key)} of ${secret.name} cannot be the name of a file`,
        'items gives it another.',
      );
    });
  return volume.items.flatMap((item) => {
    const bytes = bytesAt(secret, item.key);
    if (bytes !== undefined)
      return [{ path: item.path, bytes, mode: item.mode === undefined ? mode : onlyForItsOwner(item.mode) }];
    if (volume.optional) return [];
    throw noSuchKey(item.place, secret.name, item.key, keysOf(secret));
  });
}

/** A secret of type `file` is kept in base64, and is a file again here. */
function bytesAt(secret: ReadSecret, key: string): Buffer | undefined {
  const text = textAt(secret, key);
  if (text === undefined) return undefined;
  return Buffer.from(text, secret.type === 'file' && secret.text === text ? 'base64' : 'utf8');
}

/** Nobody writes, and nobody else reads, whatever the mode says; that it can be run is left. */
function onlyForItsOwner(mode: number): number {
  return (mode & 0o500) | 0o400;
}

function byPath(mount: SecretMount, files: readonly Placed[]): Map<string, FileContent> {
  const found = new Map<string, FileContent>();
  for (const file of files) {
    const clash = files.find((other) => other !== file && isWithin(other.path, file.path));
    if (clash !== undefined)
      throw new Failure(
        1,
        `${mount.volume.place}: ${file.path.join('/')} and ${clash.path.join('/')} cannot both be there`,
      );
    found.set(file.path.join('/'), file);
  }
  return found;
}
