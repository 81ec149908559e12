import { expect, it } from 'vitest';
import {
  acceptedSerializers,
  fullDaemonText,
  isForFailedHandshakes,
  isOfFullDaemon,
  refusedSerializerText,
  tooManyFailuresText,
} from '../../../lib/protocol/texts/refusal-texts.js';

it('the refusals of daemons are recognised as they are written', () => {
  expect(acceptedSerializers(refusedSerializerText(9, ['serpent', 'json']))).toEqual(['serpent', 'json']);
  expect(isForFailedHandshakes(tooManyFailuresText('failed handshakes', 'fe80::/64', 20, 3))).toBe(true);
  expect(isForFailedHandshakes(tooManyFailuresText('connections refused by guards', '10.0.0.1', 20, 3))).toBe(false);
  expect(isOfFullDaemon(fullDaemonText('maxConnections (2) are open'))).toBe(true);
  expect(isOfFullDaemon(fullDaemonText('2 connections of it are open (maxConnectionsPerAddress)', '10.0.0.1'))).toBe(true);
  expect(isOfFullDaemon('no free workers, increase server threadpool size')).toBe(true);
});

it.each([
  'token serializer-bot has expired',
  'message used serializer 9, which is not accepted; this daemon accepts json (serializers), says the guard',
  'too many failed handshakes of this user',
  'daemon is full of errors',
  'no free workers for you',
])('the refusal of a guard is not taken for one of the daemon: %s', (text) => {
  expect([acceptedSerializers(text), isForFailedHandshakes(text), isOfFullDaemon(text)]).toEqual([undefined, false, false]);
});
