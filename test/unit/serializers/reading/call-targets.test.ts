import { describe, expect, it, vi } from 'vitest';
import { SerializeError } from '../../../../lib/protocol/errors.js';
import type { CallTarget } from '../../../../lib/serializers/contract/call-shape.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';

const serializers = [...createSerializers().values()];

/** The details of a call that cannot be read. */
function targetIn(serializer: (typeof serializers)[number], data: Buffer): CallTarget | undefined {
  let target: CallTarget | undefined;
  expect(() => serializer.loadsCall(data, { onUnread: (found) => (target = found) })).toThrow(SerializeError);
  return target;
}

const NOBODY = { objectId: undefined, method: undefined };

describe.each(serializers)('the target of a call that cannot be read: $name', (serializer) => {
  it('a long list of texts in place of a call is not searched', () => {
    const exec = vi.spyOn(RegExp.prototype, 'exec');
    const data = serializer.dumps(Array.from({ length: 20_000 }, () => ''));
    exec.mockClear();
    const { objectId } = targetIn(serializer, data)!;
    expect(exec.mock.calls.length).toBeLessThan(50);
    exec.mockRestore();
    // the other formats have the object in front of a tuple
    expect(objectId).toBe(serializer.name === 'json' ? undefined : '');
  });
});

describe('the target of a call that cannot be read', () => {
  const json = serializers.find(({ name }) => name === 'json')!;
  const target = (text: string): CallTarget | undefined => targetIn(json, Buffer.from(text));

  it('texts in a list that look like members of a json call are no members', () => {
    expect(target(JSON.stringify(['"object": "echo"', '"method": "kind"']))).toEqual(NOBODY);
  });

  it('the members of a json call before a fault are told', () => {
    expect(target('{"object": "echo", "method" : "kind", "params": [1, oops]}')).toEqual({ objectId: 'echo', method: 'kind' });
    expect(target('{"method":"kind","params":[],"kwargs":{},"object":"echo","x":oops}')).toEqual({
      objectId: 'echo',
      method: 'kind',
    });
    expect(target('{"method":"kind","a":1,"b":2,"c":3,"object":"echo","x":oops}')).toEqual({ ...NOBODY, method: 'kind' });
    expect(target('{"object": 5, "params": oops}')).toEqual(NOBODY);
    expect(target('["object", oops]')).toEqual(NOBODY);
  });

  it('the members of a json call with a wrong member are told', () => {
    expect(target('{"object":"echo","method":"kind","params":5,"kwargs":{}}')).toEqual({ objectId: 'echo', method: 'kind' });
  });
});
