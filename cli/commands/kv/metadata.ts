import { isObject, type JsonObject } from '../../../sdk/secret.ts';
import type { Clients } from '../../connection/connect.ts';
import { Failure } from '../../failure.ts';
import { printSecret, printSuccess, printWarnings } from '../../output/print.ts';
import { heading, headingForMap, renderMap } from '../../output/table.ts';
import { attempt, type Run, word } from '../../run.ts';
import { pathHeading } from './get.ts';
import { apiPath, findTarget } from './mount.ts';

export async function getMetadata(run: Run): Promise<number> {
  const { clients, path } = await metadataPath(run);
  const secret = await attempt(`Error reading ${path}`, () => clients.client.read(path));
  if (secret === undefined) throw new Failure(2, `No value found at ${path}`);
  if (run.field() !== undefined || run.format !== 'table' || secret.wrap_info !== null)
    return printSecret(run, secret);
  await printWarnings(run, secret);
  const { versions, ...settings } = secret.data ?? {};
  run.terminal.out(pathHeading('Metadata Path', path));
  run.terminal.out(`${headingForMap('Metadata', settings)}${renderMap(settings)}`);
  run.terminal.out(versionTables(isObject(versions) ? versions : {}));
  return 0;
}

function versionTables(versions: JsonObject): string {
  const numbers = Object.keys(versions).sort((a, b) => Number(a) - Number(b));
  return numbers
    .map((number) => {
      const version = versions[number];
      if (!isObject(version)) return '';
      return `\n${headingOfVersion(number, version)}${renderMap(version)}`;
    })
    .join('');
}

function headingOfVersion(number: string, version: JsonObject): string {
  return Object.keys(version).length === 0
    ? heading(`Version ${number}`, 0)
    : headingForMap(`Version ${number}`, version);
}

export async function putMetadata(run: Run): Promise<number> {
  const { clients, path } = await metadataPath(run);
  const body = settingsOf(run);
  await attempt(`Error writing data to ${path}`, () => clients.client.write(path, body));
  return printSuccess(run, `Success! Data written to: ${path}`);
}

export async function patchMetadata(run: Run): Promise<number> {
  const { clients, path } = await metadataPath(run);
  const removed = Object.fromEntries(
    (run.flags.list('remove-custom-metadata') ?? []).map((key) => [key, null]),
  );
  const settings = settingsOf(run);
  const custom = { ...run.flags.map('custom-metadata'), ...removed };
  const body = Object.keys(custom).length === 0 ? settings : { ...settings, custom_metadata: custom };
  await attempt(`Error writing data to ${path}`, () => clients.client.patch(path, body));
  return printSuccess(run, `Success! Data written to: ${path}`);
}

export async function deleteMetadata(run: Run): Promise<number> {
  const { clients, path } = await metadataPath(run);
  await attempt(`Error deleting ${path}`, () => clients.client.delete(path));
  return printSuccess(run, `Success! Data deleted (if it existed) at: ${path}`);
}

function settingsOf(run: Run): JsonObject {
  const given: JsonObject = {
    max_versions: run.flags.number('max-versions'),
    cas_required: run.flags.boolean('cas-required'),
    delete_version_after: run.flags.text('delete-version-after'),
    custom_metadata: run.flags.map('custom-metadata'),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

async function metadataPath(run: Run): Promise<{ clients: Clients; path: string }> {
  const clients = await run.clients();
  const target = await findTarget(run, clients, word(run, 0));
  if (target.version === 1) throw new Failure(1, 'Metadata not supported on KV Version 1');
  return { clients, path: apiPath(target, 'metadata') };
}
