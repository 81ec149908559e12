import { expect, it } from 'vitest';
import { withFlags } from '../../../lib/command-line/terminal/option-flags.js';

const given = { timeout: 1_500, ns: { unixSocket: 'x' }, ca: 'ca.pem', cert: 'me.pem', key: 'me.key' };

it.each([
  ['add took longer than callTimeoutMs (1500 ms); it was not sent', 'add took longer than --timeout (1.5 s); it was not sent'],
  ['no answer within connectTimeoutMs (1500 ms)\nTo find out why', 'no answer within --timeout (1.5 s)\nTo find out why'],
  ['nameServer.unixSocket is the text "x": too long', '--ns is the text "x": too long'],
  ['tls.ca is no PEM certificate', '--ca is no PEM certificate'],
  ['tls: `key` does not belong to `cert`', 'tls: --key does not belong to --cert'],
  ['a message is over maxMessageBytes (1000)', 'a message is over maxMessageBytes (1000)'],
])('an error of a command names the options of the command: %s', (message, shown) => {
  expect(withFlags(message, given)).toBe(shown);
  expect(withFlags(message, {})).toBe(message);
});
