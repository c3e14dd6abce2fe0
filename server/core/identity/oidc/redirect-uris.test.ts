import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRedirectUri, isAllowedRedirect } from './redirect-uris.ts';

const registered = [
  'https://app.example.com/cb',
  'http://127.0.0.1/cb',
  'http://[::1]:1/x?y=1',
  'com.example.app:/cb',
];

test('a registered URI is allowed, and a loopback one with any port', () => {
  for (const uri of [
    ...registered,
    'http://127.0.0.1:9999/cb',
    'http://[::1]/x?y=1',
    'http://[::1]:65535/x?y=1',
  ])
    assert.ok(isAllowedRedirect(uri, registered), uri);
});

test('whatever merely resembles a registered URI is refused', () => {
  for (const uri of [
    'https://app.example.com/cb/',
    'https://app.example.com/cb?x',
    'https://app.example.com/cb#x',
    'https://app.example.com:443/cb',
    'https://APP.example.com/cb',
    'http://app.example.com/cb',
    'https://app.example.com@evil.example/cb',
    'https://app.example.com.evil.example/cb',
    'http://127.0.0.1:80@evil.example/cb',
    'http://127.0.0.1@evil.example/cb',
    'http://127.0.0.1\\@evil.example/cb',
    'http://127.0.0.1:9/cb/../../x',
    'http://127.0.0.1:9/a/../cb',
    'http://127.0.0.1:9/cb#evil',
    'http://127.1:9/cb',
    'http://0x7f.0.0.1/cb',
    'http://localhost:9/cb',
    'https://127.0.0.1:9/cb',
    'http://127.0.0.1:9/cb\n',
    ' http://127.0.0.1:9/cb',
    'http://127.0.0.1:/cb',
    'http://127.0.0.1:999999/cb',
    'HTTP://127.0.0.1:9/cb',
    'com.example.app:/cb/x',
    '',
  ])
    assert.ok(!isAllowedRedirect(uri, registered), JSON.stringify(uri));
});

test('a client cannot register what would run, or what a browser would not send back', () => {
  for (const uri of [
    'javascript:alert(1)',
    'data:text/html,x',
    '/cb',
    '//x/cb',
    'https://x/#f',
    'https://x/ y',
    'https://x\\y',
    '',
  ])
    assert.throws(() => checkRedirectUri(uri), /redirect_uri/, uri);
  registered.forEach(checkRedirectUri);
});
