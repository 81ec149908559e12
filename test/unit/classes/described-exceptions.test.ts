import { NotFoundException } from '@nestjs/common';
import { PyroException } from 'nestjs-pyro';
import { describe, expect, it } from 'vitest';
import { PyroClass, PyroError, PyroRemoteError, PythonException, SERIALIZER_IDS } from '../../../lib/core.js';
import { isMeantForClient } from '../../../lib/logging/expected-failures.js';
import { toPythonError } from '../../../lib/nest/errors/python-error.js';
import { describedException } from '../../../lib/protocol/python-exception.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

const serializer = createSerializers({ detailedTraceback: false }).get(SERIALIZER_IDS.serpent)!;
const travelled = (error: Error): Error => serializer.loads(serializer.dumps(error)) as Error;
const read = (literal: string): unknown => serializer.loads(Buffer.from(`# serpent utf-8 python3.2\n${literal}`));

@PyroClass('unit.DoorError', { fields: ['door', 'level'] })
class DoorError extends Error {
  level = 5;
  constructor(readonly door: string) {
    super(`door ${door} is stuck`);
  }
}

class Jammed extends DoorError {}

describe('an error of a registered class', () => {
  it('an error of a registered class becomes the Python exception, with its fields as attributes, and is an instance of the class again', () => {
    const error = travelled(new DoorError('A')) as DoorError & PyroRemoteError;
    expect(error).toBeInstanceOf(DoorError);
    expect(error).toBeInstanceOf(PyroRemoteError);
    expect(error).toBeInstanceOf(PyroError);
    expect(error).toMatchObject({ message: 'door A is stuck', door: 'A', level: 5, pythonType: 'unit.DoorError' });
    expect(error.attributes).toEqual({ door: 'A', level: 5 });
    expect(new Error('x')).not.toBeInstanceOf(PyroRemoteError);
  });

  it('an error of a registered class is sent on with its args, and the fields as they are now', () => {
    const literal = "{'__class__':'unit.DoorError','__exception__':True,'args':('stuck',7),'attributes':{'door':'A','more':[1]}}";
    const error = read(literal) as DoorError & PyroRemoteError;
    (error as { door: string }).door = 'B';
    const again = travelled(error) as DoorError & PyroRemoteError;
    expect(again).toMatchObject({ args: ['stuck', 7], door: 'B', attributes: { door: 'B', more: [1] }, message: 'stuck, 7' });
  });

  it('an error of a registered class may lack fields, but has to be an exception', () => {
    const error = read("{'__class__':'unit.DoorError','__exception__':True,'args':(),'attributes':{}}") as DoorError;
    expect([error.door, error.message]).toEqual([undefined, '']);
    expect(() => read("{'__class__':'unit.DoorError','door':'A'}")).toThrow('the args of exception unit.DoorError are no tuple');
    expect(() => read("{'__class__':'unit.DoorError','__exception__':True,'args':(),'attributes':{'__proto__':1}}")).toThrow(
      '__proto__',
    );
  });

  it('an error of a registered class gets fields that the class has as accessors, and only texts as message, name and stack', () => {
    @PyroClass('unit.Odd', { fields: ['door', 'message', 'name', 'stack'] })
    class Odd extends Error {
      get door(): string {
        return 'none';
      }
    }
    const head = "{'__class__':'unit.Odd','__exception__':True,'args':('stuck',),'attributes':";
    const odd = read(`${head}{'door':'A','message':5,'name':[1],'stack':None}}`) as Odd;
    expect(odd).toBeInstanceOf(Odd);
    expect([odd.door, odd.message, odd.name, typeof odd.stack]).toEqual(['A', 'stuck', 'Error', 'string']);
    expect((read(`${head}{'message':'other'}}`) as Odd).message).toBe('other');
  });

  it('an error of an unregistered class travels as its nearest registered class', () => {
    expect(describedException(new Jammed('A'))).toMatchObject({ pythonType: 'unit.DoorError', attributes: { door: 'A' } });
    expect(describedException(new Error('x'))).toBeUndefined();
  });

  it('an error of a registered class is meant for the client, and Nest leaves it as it is', () => {
    const error = new DoorError('A');
    expect(isMeantForClient(error)).toBe(true);
    expect(toPythonError(error)).toBe(error);
  });

  it('an error of a registered class may extend an exception of Nest or of this package', () => {
    @PyroClass('unit.NoDoor', { fields: ['door'] })
    class NoDoor extends NotFoundException {
      constructor(readonly door: string) {
        super(`no door ${door}`);
      }
    }
    @PyroClass('unit.Locked', { fields: ['door'] })
    class Locked extends PyroException {
      constructor(readonly door: string) {
        super('unit.Locked', ['locked', door], { attributes: { hint: 'key' } });
      }
    }
    @PyroClass('unit.Closed', { fields: ['door'] })
    class Closed extends PythonException {
      constructor(readonly door: string) {
        super('unit.Closed', ['closed']);
      }
    }
    const sent = (error: Error): unknown => describedException(toPythonError(error));
    expect(sent(new NoDoor('A'))).toEqual({ pythonType: 'unit.NoDoor', args: ['no door A'], attributes: { door: 'A' } });
    expect(sent(new Locked('B'))).toEqual({
      pythonType: 'unit.Locked',
      args: ['locked', 'B'],
      attributes: { hint: 'key', door: 'B' },
    });
    expect(sent(new Closed('C'))).toEqual({ pythonType: 'unit.Closed', args: ['closed'], attributes: { door: 'C' } });
    for (const error of [new NoDoor('A'), new Locked('B'), new Closed('C')]) {
      const back = travelled(error);
      expect(back).toBeInstanceOf(error.constructor);
      expect(back).toMatchObject({ door: error.door });
    }
  });
});
