import { Controller, Get } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { PyroHealthIndicator } from 'nestjs-pyro';
import { BALANCE, GAUGE, THERMOMETER } from './instruments.js';

/** For probes and alerts. The dashboard works without each of its instruments, so each of them is optional. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly pyro: PyroHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([
      () => this.pyro.isHealthy('thermometer', { object: THERMOMETER, optional: true }),
      () => this.pyro.isHealthy('balance', { object: BALANCE, optional: true }),
      () => this.pyro.isHealthy('gauge', { object: GAUGE, optional: true }),
    ]);
  }
}
