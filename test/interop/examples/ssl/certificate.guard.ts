import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import { PyroHandshakeContext } from 'nestjs-pyro';

const CLIENT_SERIAL = '1FABD733200A52DCED0702B7A856773F37AAC0E3';
const ORGANIZATION = 'Razorvine.net';

/** TLS has checked that the certificate is valid; this guard checks that it is the certificate of the expected client. */
@Injectable()
export class CertificateGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const certificate = PyroHandshakeContext.from(context).connection.peerCertificate;
    if (certificate === undefined) throw new UnauthorizedException('client cert missing');
    const { serialNumber, issuer, subject } = certificate;
    if (serialNumber !== CLIENT_SERIAL) throw new UnauthorizedException('cert serial number incorrect');
    if (issuer.O !== ORGANIZATION) throw new UnauthorizedException(`cert not issued by ${ORGANIZATION}`);
    if (subject.C !== 'NL') throw new UnauthorizedException('cert not for country NL');
    if (subject.O !== ORGANIZATION) throw new UnauthorizedException(`cert not for ${ORGANIZATION}`);
    return true;
  }
}
