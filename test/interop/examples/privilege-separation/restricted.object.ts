import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Inject } from '@nestjs/common';
import { PyroController, PyroException, PyroMethod, pyTuple, type PyTuple } from 'nestjs-pyro';

const run = promisify(execFile);

/** The user and the directory for the work. */
export interface Confinement {
  uid: number;
  gid: number;
  cwd: string;
}

/** Token of the {@link Confinement}. */
export const CONFINEMENT = Symbol('confinement');

/**
 * Runs the clients' requests in a process of a user with few rights. Upstream's server drops its own privileges after
 * its start; a server program could do the same here, with `process.setuid`.
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
