import { Injectable } from '@nestjs/common';

/** The hardware. Tests put something else in its place. */
@Injectable()
export class Probe {
  async read(): Promise<number> {
    return 21.4567;
  }
}
