import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expose } from 'nestjs-pyro/core';
import type { Example } from '../example.js';

const run = promisify(execFile);

/** Returns the output of the program `fortune`. */
@expose
class QuoteGenerator {
  constructor(private readonly env: NodeJS.ProcessEnv) {}

  async quote(): Promise<string> {
    return (await run('fortune', { env: this.env })).stdout;
  }
}

/** Two objects of one class, the first with an id that the daemon generates. */
export default {
  /** Few machines have `fortune`, and its output changes. */
  async prepare({ directory, variables }) {
    const programs = join(directory, 'bin');
    await mkdir(programs);
    await writeFile(join(programs, 'fortune'), '#!/bin/sh\necho "There is no place like 127.0.0.1."\n');
    await chmod(join(programs, 'fortune'), 0o755);
    variables['PATH'] = `${programs}${delimiter}${process.env['PATH']}`;
  },
  async serve(stage) {
    const daemon = await stage.daemon();
    const uri = daemon.register(new QuoteGenerator(stage.env));
    daemon.register(new QuoteGenerator(stage.env), 'example.quotegen');
    return uri;
  },
  original: [{ file: 'server.py', ready: /PYRO:example\.quotegen@\S+\n/ }],
  scripts: [{ file: 'client.py', input: (uri) => `${uri}\n`, prints: [/(?:There is no place like.*\n+){2}/] }],
} satisfies Example;
