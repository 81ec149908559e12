import 'reflect-metadata';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { kwargs, PyroServer, type RemoteObject } from 'nestjs-pyro';
import { connectInMemory } from 'nestjs-pyro/testing';
import { CatalogueModule, CatalogueObject, Stock } from './catalogue.object.js';

const server = new PyroServer({ listen: false });
let close: () => Promise<void>;
let catalogue: RemoteObject<CatalogueObject>;

beforeAll(async () => {
  const testing = await Test.createTestingModule({ imports: [CatalogueModule] })
    .overrideProvider(Stock)
    .useValue({ names: ['one', 'two'] })
    .compile();
  const app = testing.createNestMicroservice({ strategy: server });
  await app.listen();
  close = () => app.close();
  catalogue = await connectInMemory<CatalogueObject>(server, 'catalogue');
});

afterAll(async () => {
  await catalogue.$release();
  await close();
});

it('an object is called through the protocol', async () => {
  expect(await catalogue.find('o', kwargs({ limit: 1 }))).toEqual(['one']);
  expect(await catalogue.$get('size')).toBe(5);
});

it('functions of Jest and a remote object are different things', () => {
  expect(jest.isMockFunction(catalogue.find)).toBe(false);
  expect(catalogue).not.toBe(server);
});
