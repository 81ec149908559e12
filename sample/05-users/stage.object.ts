import { UseGuards } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { PyroContext, PyroController, PyroMethod } from 'nestjs-pyro';
import { Roles, RolesGuard } from './roles.guard.js';
import type { User } from './users.service.js';

/** The stage of a microscope: everybody may look where it is, operators may move it. */
@PyroController({ objectId: 'example.stage', instanceMode: 'single' })
@UseGuards(RolesGuard)
export class Stage {
  private position = 0;
  private mover = 'nobody';

  @PyroMethod()
  where(): [position: number, mover: string] {
    return [this.position, this.mover];
  }

  @PyroMethod()
  @Roles(['operator'])
  move(micrometres: number, @Ctx() context: PyroContext): void {
    this.position += micrometres;
    this.mover = (context.principal as User).name;
  }
}
