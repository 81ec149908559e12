import { expect, it } from 'vitest';
import { LateCalls } from '../../../lib/daemon/request/late-calls.js';

it('an error of the function that ends the request is reported, and rejects nothing', async () => {
  const errors: unknown[] = [];
  const lateCalls = new LateCalls({ error: (error) => void errors.push(error) });
  const call = lateCalls.add(Promise.resolve(), () => true);
  const error = new Error('no end');
  lateCalls.whenEnded(() => {
    throw error;
  });
  const allEnded = lateCalls.ended();
  await expect(call).resolves.toBeUndefined();
  await allEnded;
  expect([errors, lateCalls.count]).toEqual([[error], 0]);
});
