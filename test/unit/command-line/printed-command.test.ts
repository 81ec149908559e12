import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { hiddenHandshakeFlags } from '../../../lib/command-line/remote/handshake-data.js';
import { hiddenTlsFlags, printedCommand } from '../../../lib/command-line/remote/printed-command.js';
import { PyroUri } from '../../../lib/core.js';

/** The words that a shell makes of a line. */
function wordsOf(line: string): string[] {
  return execFileSync('sh', ['-c', `set -- ${line}\nprintf '%s\\0' "$@"`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);
}

describe('a printed command', () => {
  it('a printed command has the options of the command that runs, in its units', () => {
    const given = {
      ns: { host: '::1', port: 9_099 },
      serializer: 'msgpack',
      timeout: 2_500,
      ca: 'ca.pem',
      cert: 'me.pem',
      key: 'key.pem',
      tls: true,
    } as const;
    expect(wordsOf(printedCommand('doctor', 'lab.lamp', given))).toEqual(
      'npx nestjs-pyro doctor --ns [::1]:9099 --serializer msgpack --timeout 2.5 --ca ca.pem --cert me.pem --key key.pem --tls lab.lamp'.split(
        ' ',
      ),
    );
    expect(printedCommand('inspect', 'lab.lamp', { ns: { unixSocket: '/run/ns' } })).toBe(
      'npx nestjs-pyro inspect --ns ./u:/run/ns lab.lamp',
    );
    expect(printedCommand('doctor', new PyroUri('PYRO:lamp@host:7771'), {})).toBe('npx nestjs-pyro doctor PYRO:lamp@host:7771');
  });

  it('a printed command never has the handshake data', () => {
    expect(printedCommand('doctor', 'lab.lamp', { handshake: 'secret' })).toBe('npx nestjs-pyro doctor lab.lamp');
    const files = { handshakeFile: 'my secret', nsHandshakeFile: '-' };
    expect(printedCommand('doctor', 'lab.lamp', files)).toBe("npx nestjs-pyro doctor --handshake-file 'my secret' lab.lamp");
  });

  it.each(['/dev/fd/63', '/dev/stdin', '/proc/self/fd/11', '/proc/712/fd/0', '/dev/../dev/fd/3'])(
    'a printed command has no file that only this process has: %s',
    (file) => {
      const given = { handshakeFile: file, nsHandshakeFile: file, ca: file, cert: 'me.pem', key: file };
      expect(printedCommand('doctor', 'lab.lamp', given)).toBe('npx nestjs-pyro doctor --cert me.pem lab.lamp');
      expect(hiddenHandshakeFlags(given)).toEqual(['--handshake-file', '--ns-handshake-file']);
      expect(hiddenTlsFlags(given)).toEqual(['--ca', '--key']);
    },
  );

  it.each(["it's", '$(id)', '`id`', 'a;b', 'a b', '*', '~', '=ls', '"', '', String.raw`\ `, "'$(id)'", 'a\nb'])(
    'a printed command quotes %j for a shell',
    (text) => {
      expect(wordsOf(printedCommand('doctor', text, { ca: text }))).toEqual(['npx', 'nestjs-pyro', 'doctor', '--ca', text, text]);
    },
  );

  it('a printed command ends the options before an object that looks like one', () => {
    expect(printedCommand('doctor', '--tls', {})).toBe('npx nestjs-pyro doctor -- --tls');
  });
});
