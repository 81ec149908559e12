import { expect, it } from 'vitest';
import { PyroException } from '../../../lib/nest/errors/pyro.exception.js';
import { errorType } from '../../../lib/telemetry/semantics.js';

it('error.type is the Python class, and _OTHER for a name that is longer than any class has', () => {
  expect(errorType(new PyroException('lab.Overheated'))).toBe('lab.Overheated');
  expect(errorType(new PyroException(`lab.${'A'.repeat(300)}`))).toBe('_OTHER');
});
