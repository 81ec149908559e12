import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import { type CallContext, PyroDaemon } from '../../../../lib/core.js';
import { PyroContext } from '../../../../lib/index.js';

const contextOf = (call: object): PyroContext => PyroContext.of(call as CallContext);

describe('PyroContext', () => {
  it('PyroContext is the same object for the same call', () => {
    const call = {};
    expect(contextOf(call)).toBe(contextOf(call));
    expect(contextOf({})).not.toBe(contextOf(call));
  });

  it('PyroContext gives object and method as the pattern of the call', () => {
    expect(contextOf({ objectId: 'lab.camera', method: 'read' }).getPattern()).toBe('lab.camera.read');
  });

  it('PyroContext gives the PyroDaemon of the call, and refuses a daemon of another kind', () => {
    const daemon = new PyroDaemon({ listen: false });
    expect(contextOf({ daemon }).daemon).toBe(daemon);
    expect(() => contextOf({ daemon: {} }).daemon).toThrow('is no PyroDaemon');
  });
});
