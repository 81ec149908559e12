import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerOpts } from 'node:net';
import type { ConnectionOptions, TlsOptions } from 'node:tls';
import { asError } from '../protocol/texts/safe-text.js';
import type { PyroConfig } from './config-items.js';
import {
  anyOf,
  configError,
  FULL_TEXT,
  FUNCTION,
  listOf,
  OBJECT,
  objectRule,
  oneOf,
  type OptionRule,
  type OptionRules,
  SWITCH,
  SYNC_FUNCTION,
  TEXT,
  TEXTS,
  wholeNumber,
} from './option-checks.js';

/**
 * TLS of a daemon: its certificate (`cert`, `key`, `passphrase`, or `pfx`), the authorities it trusts (`ca`), and the other
 * options of Node's `tls.createServer`. Certificates and keys are the contents of PEM files, not paths.
 *
 * @see Pyro5/socketutil.py, `get_ssl_context`
 */
export interface ServerTlsOptions extends Omit<
  TlsOptions,
  'enableTrace' | 'handshakeTimeout' | 'pskCallback' | 'pskIdentityHint' | 'requestCert' | 'secureContext' | keyof ServerOpts
> {
  /** Default: `cert`, because one PEM file may hold both. */
  key?: TlsOptions['key'];
  /**
   * Refuse clients whose certificate is not signed by one of `ca` (mutual TLS). With `rejectUnauthorized: false` clients without a signed
   * certificate are accepted, and a handshake guard can decide by `connection.peerCertificate`. Default false.
   */
  requestClientCert?: boolean;
}

/** TLS of a client: the authorities it trusts (`ca`), its own certificate (`cert`, `key`), and the other options of Node's `tls.connect`. */
export type ClientTlsOptions = Omit<ConnectionOptions, 'host' | 'port' | 'path' | 'socket' | 'timeout' | 'lookup'>;

/**
 * The options of TLS that say how a peer is checked and how data is encrypted. Every other option may hold a certificate, a key or another
 * secret of this program, or shows a peer who this program is.
 */
const OPTIONS_WITHOUT_SECRETS: ReadonlySet<string> = new Set([
  'ALPNProtocols',
  'allowPartialTrustChain',
  'ca',
  'checkServerIdentity',
  'ciphers',
  'crl',
  'ecdhCurve',
  'enableTrace',
  'maxVersion',
  'minDHSize',
  'minVersion',
  'rejectUnauthorized',
  'secureOptions',
  'secureProtocol',
  'servername',
  'sigalgs',
] satisfies (keyof ClientTlsOptions)[]);

/**
 * The options of TLS for a server that may not learn who this program is: without certificates, keys and the identity of a PSK.
 *
 * @param given default: TLS by the config items
 * @returns never undefined, which would stand for TLS by the config items, with this program's certificate
 */
export function anonymousTls(given: boolean | ClientTlsOptions | undefined, config: PyroConfig): boolean | ClientTlsOptions {
  const tls = given ?? clientTlsOf(config) ?? false;
  if (typeof tls !== 'object') return tls;
  return Object.fromEntries(Object.entries(tls).filter(([name]) => OPTIONS_WITHOUT_SECRETS.has(name)));
}

const BYTES: OptionRule = { takes: 'bytes', fits: (value) => ArrayBuffer.isView(value) };
const PEM: OptionRule = anyOf({ ...FULL_TEXT, takes: 'the text of a PEM file' }, BYTES);
/** Takes certificates or keys: one, a list of them, or objects that have a passphrase, too. */
const certificates = (member: 'pem' | 'buf'): OptionRule => {
  const one = anyOf(PEM, { ...OBJECT, takes: `an object with ${member}` });
  return anyOf(one, listOf(one, 'a list of these'));
};
const VERSION = oneOf('TLSv1.3', 'TLSv1.2', 'TLSv1.1', 'TLSv1');

/** The options of both roles, so that one object can serve both. */
const TLS_MEMBERS: OptionRules<ServerTlsOptions & ClientTlsOptions> = {
  ALPNCallback: SYNC_FUNCTION,
  ALPNProtocols: anyOf(TEXTS, BYTES, listOf(BYTES, 'a list of bytes')),
  SNICallback: FUNCTION,
  allowPartialTrustChain: SWITCH,
  ca: certificates('pem'),
  cert: certificates('pem'),
  checkServerIdentity: SYNC_FUNCTION,
  ciphers: TEXT,
  clientCertEngine: TEXT,
  crl: certificates('pem'),
  dhparam: PEM,
  ecdhCurve: TEXT,
  enableTrace: SWITCH,
  honorCipherOrder: SWITCH,
  key: certificates('pem'),
  maxVersion: VERSION,
  minDHSize: wholeNumber({ least: 1 }),
  minVersion: VERSION,
  passphrase: TEXT,
  pfx: certificates('buf'),
  privateKeyEngine: TEXT,
  privateKeyIdentifier: TEXT,
  pskCallback: SYNC_FUNCTION,
  rejectUnauthorized: SWITCH,
  requestCert: { takes: 'left out; the option is requestClientCert', fits: () => false },
  requestClientCert: SWITCH,
  secureContext: OBJECT,
  secureOptions: wholeNumber(),
  secureProtocol: TEXT,
  servername: TEXT,
  session: BYTES,
  sessionIdContext: TEXT,
  sessionTimeout: wholeNumber(),
  sigalgs: TEXT,
  ticketKeys: BYTES,
};

/** A rule for an object with options of TLS. A later version of Node may have further options. */
const tlsObject = (takes: string): OptionRule => objectRule(takes, TLS_MEMBERS, true);

/** Takes the option `tls` of a client. */
export const CLIENT_TLS: OptionRule = anyOf(SWITCH, tlsObject('an object with certificates'));

const NO_TLS: OptionRule = { takes: 'false', fits: (value) => value === false };

/** Takes the option `tls` of a daemon. */
export const SERVER_TLS: OptionRule = anyOf(tlsObject('an object with cert and key'), NO_TLS);

/** File names of certificates in a directory of authorities, as OpenSSL looks them up. */
const HASHED_NAME = /^[0-9a-f]{8}\.\d+$/;

/**
 * TLS of daemons by the config items; undefined: no TLS.
 *
 * @throws {PyroError} `CONFIG`, when an item is missing or a file cannot be read
 */
export function serverTlsOf(config: PyroConfig): ServerTlsOptions | undefined {
  if (!config.SSL) return undefined;
  if (config.SSL_SERVERCERT === undefined) {
    throw configError('PYRO_SSL is on, but PYRO_SSL_SERVERCERT names no certificate for the daemon; or give the option tls');
  }
  if (config.SSL_REQUIRECLIENTCERT && config.SSL_CACERTS === undefined) {
    throw configError('PYRO_SSL_REQUIRECLIENTCERT needs PYRO_SSL_CACERTS, the authorities whose client certificates are good');
  }
  return {
    cert: contentOf('SSL_SERVERCERT', config.SSL_SERVERCERT),
    key: contentOf('SSL_SERVERKEY', config.SSL_SERVERKEY),
    passphrase: config.SSL_SERVERKEYPASSWD,
    ca: authoritiesOf(config),
    requestClientCert: config.SSL_REQUIRECLIENTCERT ?? false,
  };
}

/** The config items of {@link serverTlsOf}. */
export function serverTlsItems({ SSL_REQUIRECLIENTCERT }: PyroConfig): (keyof PyroConfig)[] {
  const ofClients = SSL_REQUIRECLIENTCERT ? (['SSL_REQUIRECLIENTCERT'] as const) : [];
  return ['SSL', 'SSL_SERVERCERT', 'SSL_SERVERKEY', 'SSL_SERVERKEYPASSWD', ...ofClients, 'SSL_CACERTS'];
}

/**
 * TLS of proxies by the config items; undefined: no TLS.
 *
 * @throws {PyroError} `CONFIG`, when a file cannot be read
 */
export function clientTlsOf(config: PyroConfig): ClientTlsOptions | undefined {
  if (!config.SSL) return undefined;
  const cert = contentOf('SSL_CLIENTCERT', config.SSL_CLIENTCERT);
  return {
    // Node treats a member that is undefined differently from an absent one
    ...(cert && {
      cert,
      key: contentOf('SSL_CLIENTKEY', config.SSL_CLIENTKEY) ?? cert,
      passphrase: config.SSL_CLIENTKEYPASSWD,
    }),
    ...(config.SSL_CACERTS !== undefined && { ca: authoritiesOf(config) }),
  };
}

/** The config items of {@link clientTlsOf}. */
export function clientTlsItems({ SSL_CLIENTCERT }: PyroConfig): (keyof PyroConfig)[] {
  const ofCertificate = ['SSL_CLIENTCERT', 'SSL_CLIENTKEY', 'SSL_CLIENTKEYPASSWD'] as const;
  return ['SSL', ...(SSL_CLIENTCERT === undefined ? [] : ofCertificate), 'SSL_CACERTS'];
}

function authoritiesOf({ SSL_CACERTS: path }: PyroConfig): Buffer[] | undefined {
  if (path === undefined) return undefined;
  const files = reading('SSL_CACERTS', path, () =>
    statSync(path).isDirectory()
      ? readdirSync(path)
          .filter((name) => HASHED_NAME.test(name))
          .map((name) => join(path, name))
      : [path],
  );
  return files.map((file) => contentOf('SSL_CACERTS', file)!);
}

function contentOf(name: keyof PyroConfig, path: string | undefined): Buffer | undefined {
  return path === undefined ? undefined : reading(name, path, () => readFileSync(path));
}

function reading<T>(name: keyof PyroConfig, path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const cause = asError(error);
    throw configError(`environment variable PYRO_${name}=${JSON.stringify(path)}: it cannot be read: ${cause.message}`, cause);
  }
}
