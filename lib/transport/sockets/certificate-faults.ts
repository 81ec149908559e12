import { X509Certificate } from 'node:crypto';
import { configError } from '../../options/option-checks.js';
import type { ClientTlsOptions, ServerTlsOptions } from '../../options/tls.js';
import type { PyroError } from '../../protocol/errors.js';
import { asError } from '../../protocol/texts/safe-text.js';

type OwnCertificate = Pick<ServerTlsOptions | ClientTlsOptions, 'cert' | 'key'>;

/**
 * Makes the error of certificates or keys with which Node makes no TLS context.
 *
 * @param error the error of Node
 */
export function keyError(error: unknown, tls: OwnCertificate): PyroError {
  const cause = asError(error) as NodeJS.ErrnoException;
  return configError(`tls: ${reasonOf(cause, tls)}`, cause);
}

/**
 * Finds the reason why a key is refused. A wrong passphrase decrypts a key to random bytes; in one case of 256 they look like a correct
 * decryption.
 */
function reasonOf({ code = '', message }: NodeJS.ErrnoException, { key, cert }: OwnCertificate): string {
  const isEncrypted = asList(key ?? cert).some((content) => /ENCRYPTED/.test(textOf(content)));
  return reasons[code === 'ERR_OSSL_UNSUPPORTED' && isEncrypted ? 'ERR_OSSL_BAD_DECRYPT' : code] ?? message;
}

type KeyContent = string | Buffer | { pem: string | Buffer };

function textOf(content: KeyContent): string {
  if (typeof content === 'string') return content;
  return Buffer.isBuffer(content) ? content.toString('latin1') : textOf(content.pem);
}

const reasons: Record<string, string> = {
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: '`key` does not belong to `cert`',
  ERR_OSSL_BAD_DECRYPT: '`key` is encrypted, and `passphrase` is missing or wrong',
  ERR_MISSING_PASSPHRASE: '`key` is encrypted, and `passphrase` is missing',
  ERR_OSSL_PEM_NO_START_LINE: '`key` is no PEM key; it must be the content of the file',
  ERR_OSSL_UNSUPPORTED: '`key` is no PEM key; it must be the content of the file',
};

/** @throws {PyroError} `CONFIG`, when the content is no certificate */
export function checkCertificate(name: 'cert' | 'ca', content: string | Buffer): void {
  try {
    // X509Certificate reads the first certificate of a file
    void new X509Certificate(content);
  } catch (error) {
    const isPath = typeof content === 'string' && !content.includes('\n');
    const remedy = isPath
      ? `it must be the content of the file, not its path (${JSON.stringify(content)})`
      : asError(error).message;
    throw configError(`tls.${name} is no PEM certificate: ${remedy}`, asError(error));
  }
}

/** The items of an option that takes one or several. */
export function asList<T>(value: T | T[] | undefined): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
