import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import type { AuditDevicePlugin } from '../audit-device.ts';
import { auditDeviceConformance, type OpenAuditSubject } from './audit-suite.ts';

const devices = new URL('../../audit-devices/', import.meta.url);
const folders = (await readdir(devices, { withFileTypes: true })).filter((entry) => entry.isDirectory());

for (const { name } of folders) {
  const { plugin }: { plugin: AuditDevicePlugin } = await import(new URL(`${name}/index.ts`, devices).href);
  const { open }: { open: OpenAuditSubject } = await import(new URL(`${name}/conformance.ts`, devices).href);
  auditDeviceConformance(name, plugin, open);
}

test('there are audit devices to hold against the contract', () => {
  assert.ok(folders.length > 0);
});
