import * as common from '@nestjs/common';
import * as nestCore from '@nestjs/core';
import * as microservices from '@nestjs/microservices';
import * as rxjs from 'rxjs';
import { expect, it } from 'vitest';
import * as core from '../../lib/core.js';
import * as root from '../../lib/index.js';
import * as serpent from '../../lib/serpent/index.js';

const values = (entry: object) => new Map<string, unknown>(Object.entries(entry));

it.each(Object.entries({ '@nestjs/common': common, '@nestjs/core': nestCore, '@nestjs/microservices': microservices, rxjs }))(
  'the root entry shares no name with %s',
  (_, other) => {
    expect(Object.keys(root).filter((name) => name in other)).toEqual([]);
  },
);

it.each(['SerpentError', 'dumps', 'loads', 'parse'])('%s of the codec is exported by nestjs-pyro/serpent alone', (name) => {
  expect([serpent, core, root].filter((entry) => name in entry)).toEqual([serpent]);
});

it('names of the root entry that nestjs-pyro/core has too are the same values', () => {
  const shared = [...values(root)].filter(([name]) => name in core);
  expect(shared.length).toBeGreaterThan(10);
  for (const [name, value] of shared) expect(value, name).toBe(values(core).get(name));
});
