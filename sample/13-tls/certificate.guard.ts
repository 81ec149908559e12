import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { PyroHandshakeContext } from 'nestjs-pyro';

/** The certificate says who it is: no token is needed. */
@Injectable()
export class CertificateGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const handshake = PyroHandshakeContext.from(context);
    const subject = handshake.connection.peerCertificate?.subject;
    handshake.setPrincipal(subject?.CN);
    return subject?.OU === 'operators';
  }
}
