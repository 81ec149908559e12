import { expect, it, vi } from 'vitest';
import * as core from '../../../lib/core.js';
import * as nest from '../../../lib/index.js';

/** Loads the modules of an entry again, as another copy of the package has them. */
async function otherCopy<T>(load: () => Promise<T>): Promise<T> {
  vi.resetModules();
  return load();
}

it('instanceof recognises errors of another copy of the package', async () => {
  const other = await otherCopy(() => import('../../../lib/core.js'));
  expect(other.PyroRemoteError).not.toBe(core.PyroRemoteError);
  const error: unknown = new other.PyroRemoteError('builtins.KeyError', ['k']);
  expect(error).toBeInstanceOf(core.PyroRemoteError);
  expect(error).toBeInstanceOf(core.PyroError);
  expect(error).not.toBeInstanceOf(core.SecurityError);
  expect(new other.TimeoutError('late')).toBeInstanceOf(core.CommunicationError);
  const otherNest = await otherCopy(() => import('../../../lib/index.js'));
  expect(new otherNest.PyroException('builtins.KeyError')).toBeInstanceOf(nest.PyroException);
});

it.each([
  'PyTuple',
  'PyFrozenSet',
  'PyFloat',
  'PyComplex',
  'NdArray',
  'PyroUri',
  'SerializedBlob',
  'ProxyReference',
  'KeywordArguments',
  'RemoteStream',
  'PythonException',
  'PyroDaemon',
  'PyroProxy',
] as const)('instanceof recognises a %s of another copy of the package', async (name) => {
  const other = await otherCopy(() => import('../../../lib/core.js'));
  const { [name]: type } = core;
  expect(Object.create(other[name].prototype as object)).toBeInstanceOf(type);
  expect(Object.create(other.SecurityError.prototype)).not.toBeInstanceOf(type);
});

it('the class of an application below PyroError has only its own instances', async () => {
  const other = await otherCopy(() => import('../../../lib/core.js'));
  class DoorError extends core.PyroError {}
  class OtherDoorError extends other.PyroError {}
  expect(new DoorError('open')).toBeInstanceOf(DoorError);
  expect(new OtherDoorError('open')).toBeInstanceOf(core.PyroError);
  expect(new OtherDoorError('open')).not.toBeInstanceOf(DoorError);
  expect(new core.PyroError('x')).not.toBeInstanceOf(DoorError);
});
