/**
 * Runs the marked blocks of Markdown pages as they stand: `check-readme.js [FILE…]`, README.md unless some are named.
 * How blocks are marked: see {@link readSnippets}.
 *
 * TypeScript blocks are compiled, with types, against the built package and lie in `build/readme/` while they run.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ensurePythonEnv } from '../test/interop/python-env.js';
import { packageRoot } from './package-root.js';
import { Program, run } from './program.js';
import { readSnippets, type Snippet } from './readme-snippets.js';

const TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 20_000;
const ADDRESS = /@([\w.]+):(\d+)/;

const pages = process.argv.slice(2);
if (pages.length === 0) pages.push('README.md');

let failed = 0;
for (const page of pages) {
  try {
    const count = await checkPage(page);
    console.log(`ok: ${page}, ${count} blocks`);
  } catch (error) {
    failed += 1;
    console.error(`FAILED: ${page}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
if (failed > 0) process.exitCode = 1;

async function checkPage(page: string): Promise<number> {
  const snippets = readSnippets(await readFile(join(packageRoot, page), 'utf8'));
  if (snippets.length === 0) throw new Error('it has no marked blocks');
  const directory = join(packageRoot, 'build', 'readme', basename(page, '.md'));
  await writePrograms(directory, snippets);
  await run(process.execPath, [join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', directory]);

  let server: Program | undefined;
  try {
    for (const [index, snippet] of snippets.entries()) {
      if (snippet.role === 'types') continue;
      const [command, script] = await commandOf(directory, snippet);
      if (snippet.role === 'server') {
        await server?.stop();
        const address = addressOf(snippet, snippets.slice(index + 1));
        if (await canConnect(address)) {
          throw new Error(`line ${snippet.line}: something else listens on ${address.host}:${address.port}; end it first`);
        }
        server = new Program(command, [script], { timeoutMs: TIMEOUT_MS });
        await listening(server, snippet, address);
      } else {
        await checkClient(command, script, snippet, page);
      }
    }
  } finally {
    await server?.stop();
  }
  return snippets.length;
}

async function checkClient(command: string, script: string, snippet: Snippet, page: string): Promise<void> {
  const { stdout } = await run(command, [script], { timeoutMs: TIMEOUT_MS });
  if (snippet.output !== undefined && stdout !== snippet.output) {
    throw new Error(`the block of line ${snippet.line} printed\n${stdout}but ${page} shows\n${snippet.output}`);
  }
}

interface Address {
  host: string;
  port: number;
}

/** Where a server block listens: the address that its first client names. */
function addressOf(snippet: Snippet, following: readonly Snippet[]): Address {
  const address = ADDRESS.exec(following.find(({ role }) => role === 'client')?.code ?? '');
  if (address === null) throw new Error(`line ${snippet.line}: no client after the server names its address, @host:port`);
  return { host: address[1]!, port: Number(address[2]) };
}

async function listening(server: Program, snippet: Snippet, address: Address): Promise<void> {
  let ended: string | undefined;
  void server.ended.then(({ output }) => (ended = output));
  const deadline = Date.now() + CONNECT_TIMEOUT_MS;
  while (!(await canConnect(address))) {
    if (ended !== undefined) throw new Error(`line ${snippet.line}: the server ended\n${ended}`);
    if (Date.now() > deadline)
      throw new Error(`line ${snippet.line}: the server does not listen on ${address.host}:${address.port}`);
    await delay(50);
  }
}

function canConnect({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

async function writePrograms(directory: string, snippets: readonly Snippet[]): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  for (const snippet of snippets) await writeFile(join(directory, fileNameOf(snippet)), snippet.code);
  const compilerOptions = { rootDir: '.', outDir: 'out', noEmit: false, paths: {}, noUnusedLocals: false };
  const config = { extends: join(packageRoot, 'tsconfig.json'), compilerOptions, include: ['*.ts'] };
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(config));
}

async function commandOf(directory: string, snippet: Snippet): Promise<[command: string, script: string]> {
  const name = fileNameOf(snippet);
  if (snippet.language === 'python') return [await ensurePythonEnv(), join(directory, name)];
  return [process.execPath, join(directory, 'out', name.replace(/\.ts$/, '.js'))];
}

function fileNameOf({ language, line }: Snippet): string {
  return `line-${line}.${language === 'python' ? 'py' : 'ts'}`;
}
