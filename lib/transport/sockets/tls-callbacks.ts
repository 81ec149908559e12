import { types } from 'node:util';
import { createSecureContext, type PeerCertificate, type TlsOptions } from 'node:tls';
import type { IdentityCheck } from '../../options/server-identity.js';
import type { ClientTlsOptions, ServerTlsOptions } from '../../options/tls.js';
import { CommunicationError } from '../../protocol/errors.js';
import { asError, optionText, thrownText } from '../../protocol/texts/safe-text.js';
import { isThenable } from '../../calls/thenable.js';
import { reportRejection } from '../../reports/unawaited.js';

type SniCallback = NonNullable<TlsOptions['SNICallback']>;

/** The mistake of a callback of the program, told as the reason of a failed handshake. */
export class TlsCallbackError extends CommunicationError {
  constructor(name: keyof (ServerTlsOptions & ClientTlsOptions), fault: string, cause?: unknown) {
    super(`TLS handshake failed: tls.${name} ${fault}`, { code: 'TLS', cause });
  }
}

/**
 * The callback that chooses a certificate by the name that a client asks for. A client may ask for any name. Node ends the process when the
 * callback is an async function that throws.
 */
export function checkedSniCallback(choose: SniCallback): SniCallback {
  return (name, done) => {
    const fail = (error: unknown): void => {
      done(new TlsCallbackError('SNICallback', `has refused the host name: ${thrownText(error)}`, error));
    };
    const answer: typeof done = (error, context) => {
      if (error) fail(error);
      else if (context === undefined || context === null || isSecureContext(context)) done(null, context);
      else {
        const fault = `gave ${optionText(context)} for the host name; it takes a context of tls.createSecureContext(), or undefined`;
        done(new TlsCallbackError('SNICallback', fault));
      }
    };
    try {
      reportRejection(choose(name, answer), fail);
    } catch (error) {
      fail(error);
    }
  };
}

/** The check of a server's certificate. Node calls it in an event of the socket, where an error that is thrown would end the process. */
export function checkedIdentityCheck(check: IdentityCheck): IdentityCheck {
  return (host: string, certificate: PeerCertificate): Error | undefined => {
    try {
      const answer: unknown = check(host, certificate);
      if (answer === undefined || answer === null || types.isNativeError(answer)) return answer ?? undefined;
      reportRejection(answer, () => undefined);
      const found = isThenable(answer) ? 'a promise' : optionText(answer);
      return new Error(`tls.checkServerIdentity gave ${found}; it takes an Error, or undefined when the certificate is right`);
    } catch (error) {
      return asError(error);
    }
  };
}

/** The class of Node that is a context for OpenSSL; found at the first use. */
let nativeContext: (abstract new (...args: never[]) => object) | undefined;

/** Node takes its own contexts, and objects that hold one. */
function isSecureContext(value: unknown): boolean {
  nativeContext ??= (createSecureContext().context as { constructor: typeof nativeContext }).constructor!;
  return value instanceof nativeContext || (value as { context?: unknown }).context instanceof nativeContext;
}
