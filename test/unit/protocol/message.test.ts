import { describe, expect, it } from 'vitest';
import { FLAGS, MESSAGE_TYPES } from '../../../lib/protocol/constants.js';
import { MessageTooLargeError, ProtocolError } from '../../../lib/protocol/errors.js';
import { encodeMessage, type OutgoingMessage } from '../../../lib/protocol/message.js';

const base: OutgoingMessage = { type: MESSAGE_TYPES.result, serializerId: 1, flags: 0, seq: 65_535, data: Buffer.from('data') };

describe('encodeMessage', () => {
  it('encodeMessage encodes the correlation flag exactly when there is an id', () => {
    const [without] = encodeMessage({ ...base, flags: FLAGS.correlationId }, 1_000);
    const [withId] = encodeMessage({ ...base, correlationId: Buffer.alloc(16, 7) }, 1_000);
    expect(without!.readUInt16BE(8)).toBe(0);
    expect(without!.subarray(20, 36)).toEqual(Buffer.alloc(16));
    expect(withId!.readUInt16BE(8)).toBe(FLAGS.correlationId);
  });

  it('encodeMessage does not copy large data', () => {
    const data = Buffer.alloc(1_000_000, 1);
    const parts = encodeMessage({ ...base, data }, 2_000_000);
    expect(parts).toHaveLength(2);
    expect(parts[1]).toBe(data);
  });

  it('encodeMessage refuses a message over maxMessageBytes', () => {
    expect(() =>
      encodeMessage({ ...base, data: Buffer.alloc(90), annotations: new Map([['NOTE', Buffer.alloc(3)]]) }, 100),
    ).toThrow(MessageTooLargeError);
  });

  it.each([
    ['five letters', new Map([['NOTES', Buffer.alloc(0)]])],
    ['letters beyond ASCII', new Map([['NOTé', Buffer.alloc(0)]])],
    ['data that is no bytes', new Map([['NOTE', 'text' as unknown as Buffer]])],
  ])('encodeMessage refuses an annotation with %s', (_, annotations) => {
    expect(() => encodeMessage({ ...base, annotations }, 1_000)).toThrow(ProtocolError);
  });
});
