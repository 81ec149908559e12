import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { objectHandshake } from '../../../lib/command-line/remote/handshake-data.js';
import { nameServerOptionsOf, proxyOptionsOf } from '../../../lib/command-line/remote/remote-arguments.js';

let directory: string;
beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), 'handshake-data-'))));
afterAll(() => rmSync(directory, { recursive: true }));

function fileWith(name: string, content: string): string {
  const file = join(directory, name);
  writeFileSync(file, content);
  return file;
}

it('a file of handshake data is read once: a pipe has nothing for the second reader', () => {
  const given = { handshakeFile: fileWith('object', 'hunter2\n'), nsHandshakeFile: fileWith('names', 'hunter3\n') };
  const read = { handshake: 'hunter2', nameServer: { handshake: 'hunter3' } };
  expect(proxyOptionsOf(given)).toMatchObject(read);
  writeFileSync(given.handshakeFile, '');
  writeFileSync(given.nsHandshakeFile, '');
  expect(proxyOptionsOf(given)).toMatchObject(read);
});

it('a file with certificates is read once', () => {
  const given = { ca: fileWith('ca', 'PEM'), nsTls: true } as const;
  expect(nameServerOptionsOf(given)).toMatchObject({ tls: { ca: 'PEM' } });
  writeFileSync(given.ca, '');
  expect(nameServerOptionsOf(given)).toMatchObject({ tls: { ca: 'PEM' } });
});

it.each(['', '\n', '\r\n'])('a file of handshake data without data is refused, instead of an empty secret: %j', (content) => {
  const file = fileWith(`empty-${content.length}`, content);
  expect(() => objectHandshake({ handshakeFile: file })).toThrow(`${file} has no handshake data: it is empty`);
  expect(() => nameServerOptionsOf({ nsHandshakeFile: file })).toThrow(`${file} has no handshake data: it is empty`);
});
