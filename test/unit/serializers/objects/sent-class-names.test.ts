import { expect, it } from 'vitest';
import { ClassRegistry } from '../../../../lib/serializers/contract/class-registry.js';
import { pythonTypeOf } from '../../../../lib/serializers/objects/exceptions.js';

const toDict = (error: Error): Record<string, unknown> => ({ __exception__: true, args: [error.message] });

it('an error has the Python class of the nearest converter, until the class is unregistered', () => {
  class DoorError extends Error {}
  class StuckDoor extends DoorError {}
  const registry = new ClassRegistry();
  expect(pythonTypeOf(new StuckDoor())).toBe('builtins.RuntimeError');
  registry.registerClass(DoorError, { name: 'lab.DoorError', toDict });
  expect([new DoorError(), new StuckDoor(), new Error('other')].map(pythonTypeOf)).toEqual([
    'lab.DoorError',
    'lab.DoorError',
    'builtins.RuntimeError',
  ]);
  registry.registerClass(StuckDoor, { name: 'lab.StuckDoor', toDict });
  registry.registerClass(StuckDoor, { name: 'lab.Jammed', toDict });
  expect(pythonTypeOf(new StuckDoor())).toBe('lab.Jammed');
  registry.unregisterClass(StuckDoor);
  expect(pythonTypeOf(new StuckDoor())).toBe('lab.DoorError');
  registry.unregisterClass(DoorError);
  registry.unregisterClass(DoorError);
  expect(pythonTypeOf(new StuckDoor())).toBe('builtins.RuntimeError');
});

it('an error whose nearest converter only reads is sent by the default rule', () => {
  class DoorError extends Error {}
  class StuckDoor extends DoorError {}
  const registry = new ClassRegistry();
  registry.registerClass(DoorError, { name: 'lab.DoorError', toDict });
  registry.registerClass(StuckDoor, { name: 'lab.StuckDoor', fromDict: () => new StuckDoor() });
  expect(pythonTypeOf(new StuckDoor())).toBe('builtins.RuntimeError');
});

it('a class that two registries know keeps its name until both have unregistered it', () => {
  class DoorError extends Error {}
  const [one, other] = [new ClassRegistry(), new ClassRegistry()];
  for (const registry of [one, other]) registry.registerClass(DoorError, { name: 'lab.DoorError', toDict });
  one.unregisterClass(DoorError);
  expect(pythonTypeOf(new DoorError())).toBe('lab.DoorError');
  one.registerClass(DoorError, { name: 'lab.OtherError', toDict });
  expect(pythonTypeOf(new DoorError())).toBe('lab.DoorError');
  other.unregisterClass(DoorError);
  expect(pythonTypeOf(new DoorError())).toBe('lab.OtherError');
  one.unregisterClass(DoorError);
  expect(pythonTypeOf(new DoorError())).toBe('builtins.RuntimeError');
});
