import { Ctx } from '@nestjs/microservices';
import { PyroContext, PyroController, PyroMethod, UseHandshakeGuards } from 'nestjs-pyro';
import { CertificateGuard } from './certificate.guard.js';

@PyroController({ objectId: 'example.laser', instanceMode: 'single', naming: 'snake_case' })
@UseHandshakeGuards(CertificateGuard)
export class Laser {
  @PyroMethod()
  switchOn(@Ctx() context: PyroContext): string {
    return `switched on by ${String(context.principal)}`;
  }
}
