import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tokenOfProtocols } from './web-socket-token.ts';

const encoded = (token: string): string => `coffer.token.${Buffer.from(token).toString('base64url')}`;

describe('the token of a browser’s WebSocket', () => {
  it('is found among the protocols, wherever it stands', () => {
    assert.equal(tokenOfProtocols(`coffer.events, ${encoded('hvs.abc')}`), 'hvs.abc');
    assert.equal(tokenOfProtocols(`${encoded('hvs.abc')},coffer.events`), 'hvs.abc');
  });

  it('is none when nothing, or no base64url, is there', () => {
    for (const header of [
      undefined,
      '',
      'coffer.events',
      'coffer.token.',
      'coffer.token.a b',
      'coffer.token.a+/=',
    ])
      assert.equal(tokenOfProtocols(header), undefined, String(header));
  });
});
