import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { test } from 'node:test';
import type { AuditDevicePlugin, AuditSink } from '../audit-device.ts';
import { systemClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';

/** Somewhere real for a device to write to, and what has arrived there. */
export interface AuditSubject {
  readonly options: Readonly<Record<string, string>>;
  /** Options that the device must refuse, because a required one is missing. */
  readonly incomplete: Readonly<Record<string, string>>;
  recorded(): Promise<string>;
  dispose(): Promise<void>;
}

/** What `conformance.ts` of every folder of `server/audit-devices/` exports as `open`. */
export type OpenAuditSubject = () => Promise<AuditSubject>;

const context = { logger: silentLogger, clock: systemClock, allowedFolders: [] };

function line(number: number): string {
  return `{"type":"request","request":{"id":"${number}"}}\n`;
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

/** The contract of audit devices, as tests. `folder` is the folder's name. */
export function auditDeviceConformance(
  folder: string,
  plugin: AuditDevicePlugin,
  openSubject: OpenAuditSubject,
): void {
  const sinkTest = (name: string, body: (sink: AuditSink, subject: AuditSubject) => Promise<void>): void => {
    test(`audit device ${folder}: ${name}`, async () => {
      const subject = await openSubject();
      try {
        const sink = await plugin.open(subject.options, context);
        try {
          await body(sink, subject);
        } finally {
          await sink.close();
        }
      } finally {
        await subject.dispose();
      }
    });
  };

  test(`audit device ${folder}: the type is the folder's name and every option is described`, () => {
    assert.equal(plugin.type, basename(folder));
    for (const [name, option] of Object.entries(plugin.options))
      assert.ok(option.description.length > 0, name);
  });

  test(`audit device ${folder}: a missing required option is an error that names it`, async () => {
    const subject = await openSubject();
    const required = Object.entries(plugin.options).find(([, option]) => option.required)?.[0];
    try {
      if (required === undefined) return;
      await assert.rejects(plugin.open(subject.incomplete, context), new RegExp(required));
    } finally {
      await subject.dispose();
    }
  });

  sinkTest('what an append was given is there when it resolves', async (sink, subject) => {
    await sink.append(bytes(line(1)));
    assert.equal(await subject.recorded(), line(1));
  });

  sinkTest('lines come out whole and in the order of the appends', async (sink, subject) => {
    let expected = '';
    for (let batch = 0; batch < 20; batch++) {
      const lines = [1, 2, 3].map((each) => line(batch * 10 + each)).join('');
      expected += lines;
      await sink.append(bytes(lines));
    }
    assert.equal(await subject.recorded(), expected);
  });

  sinkTest('a line of eight megabytes is recorded whole', async (sink, subject) => {
    const large = `{"type":"request","filler":"${'x'.repeat(8 * 1024 * 1024)}"}\n`;
    await sink.append(bytes(large + line(2)));
    assert.ok((await subject.recorded()) === large + line(2));
  });

  sinkTest('nothing is lost by reopening, idle or between writes', async (sink, subject) => {
    await sink.append(bytes(line(1)));
    await sink.reopen();
    const writing = sink.append(bytes(line(2)));
    await Promise.all([writing, sink.reopen()]);
    await sink.append(bytes(line(3)));
    assert.equal(await subject.recorded(), line(1) + line(2) + line(3));
  });

  sinkTest('a second device on the same place adds to what is there', async (sink, subject) => {
    await sink.append(bytes(line(1)));
    await sink.close();
    const second = await plugin.open(subject.options, context);
    await second.append(bytes(line(2)));
    await second.close();
    assert.equal(await subject.recorded(), line(1) + line(2));
  });

  sinkTest('closing twice is harmless, and a closed device refuses to record', async (sink, subject) => {
    await sink.close();
    await sink.close();
    await assert.rejects(sink.append(bytes(line(1))));
    assert.equal(await subject.recorded(), '');
  });
}
