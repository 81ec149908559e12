import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PyroController, PyroException, PyroMethod } from 'nestjs-pyro';

const run = promisify(execFile);
const COMMAND = ['dmesg', '--nopager', '--level', 'info'] as const;

/** Lets unprivileged clients read the kernel's messages, and do nothing else, with the rights of this process. */
@PyroController('dmesg')
export class DmesgServer {
  @PyroMethod()
  async dmesg(): Promise<string[]> {
    const [program, ...args] = COMMAND;
    try {
      const { stdout } = await run(program, args);
      return stdout.trimEnd().split('\n').slice(-20);
    } catch (error) {
      const { code } = error as { code: number | string };
      if (code === 'ENOENT') throw new PyroException('builtins.FileNotFoundError', [2, 'No such file or directory']);
      const command = `[${COMMAND.map((word) => `'${word}'`).join(', ')}]`;
      const text = `couldn't run the dmesg command in the server: Command '${command}' returned non-zero exit status ${code}.`;
      throw new PyroException('builtins.OSError', [text]);
    }
  }
}
