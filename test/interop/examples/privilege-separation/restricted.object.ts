import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Inject } from '@nestjs/common';
import { PyroController, PyroException, PyroMethod, pyTuple, type PyTuple } from 'nestjs-pyro';

const run = promisify(execFile);

/** Whom the work is done as, and where. */
export interface Confinement {
  uid: number;
  gid: number;
  cwd: string;
}

/** Token of the {@link Confinement}. */
export const CONFINEMENT = Symbol('confinement');

/**
 * Does what clients ask for in a process of a user who may do little. Upstream's server gives its own privileges up once
 * it has started; as a program of its own this one could do so too, with `process.setuid`.
 */
@PyroController({ objectId: 'restricted', naming: 'snake_case' })
export class RestrictedService {
  constructor(@Inject(CONFINEMENT) private readonly confinement: Confinement) {}

  @PyroMethod()
  async whoIsServer(): Promise<PyTuple> {
    const [uid, gid, name] = (await this.shell('id -u; id -g; id -un')).split('\n');
    return pyTuple(Number(uid), Number(gid), name);
  }

  @PyroMethod()
  async writeFile(): Promise<void> {
    try {
      await this.shell(': > dummy-test-file.bin');
    } catch {
      throw new PyroException('builtins.PermissionError', [13, 'Permission denied']);
    }
  }

  private async shell(command: string): Promise<string> {
    return (await run('/bin/sh', ['-c', command], { ...this.confinement })).stdout;
  }
}
