/**
 * Compiles the code blocks of Markdown pages, runs the marked blocks, and finds dead links: `check-pages.js [FILE…]`. Default: README.md
 * and all of docs/, and of the other Markdown files of the project only the links. {@link readSnippets} describes the marks of blocks.
 * Without files, it also measures how hard the pages are to read, and how long the guides are: {@link PAGE_GROUPS} and
 * {@link MAX_GUIDE_WORDS} are the limits.
 *
 * TypeScript is compiled, with types, against the built package; everything lies in `build/pages/` while it runs.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ensurePythonEnv } from '../test/interop/python-env.js';
import { packageRoot } from './package-root.js';
import { deadLinks } from './page-links.js';
import { Program, run } from './program.js';
import { readSnippets, type Snippet } from './page-snippets.js';
import { groupOf, hardToRead, PAGE_GROUPS, readabilityOf, tooLong } from './readability.js';

const TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 20_000;
/** Longest wait for a port of a page that another program uses. */
const PORT_TIMEOUT_MS = 180_000;
/** A check listens here while it runs pages, so that two checks on one machine do not call each other's servers. */
const LOCK_PORT = 9_898;
const LOCK_TIMEOUT_MS = 1_200_000;
/** Pages whose blocks are looked at. */
const PAGE = /^(README|docs\/[^/]+)\.md$/;
const ADDRESS = /@([\w.]+):(\d+)/;

interface Page {
  name: string;
  /** The directory of its programs while they run. */
  directory: string;
  snippets: Snippet[];
}

const root = join(packageRoot, 'build', 'pages');
const named = process.argv.slice(2);
const all = await markdownFiles();
const dead = await deadLinks(packageRoot, named.length > 0 ? named : all);
for (const message of dead) console.error(`FAILED: ${message}`);
const hard = named.length > 0 ? [] : await measureAll(all);
for (const message of hard) console.error(`FAILED: ${message}`);

const pages = await Promise.all((named.length > 0 ? named : all.filter((name) => PAGE.test(name))).map(readPage));
await writePrograms(pages);
await run(process.execPath, [join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', root]);

let failed = dead.length + hard.length;
const lock = await takeTurn();
for (const page of pages) {
  try {
    await runPage(page);
    console.log(`ok: ${page.name}, ${page.snippets.length} blocks`);
  } catch (error) {
    failed += 1;
    console.error(`FAILED: ${page.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
lock.close();
if (failed > 0) process.exitCode = 1;

/** Waits until no other check of pages runs on this machine. */
async function takeTurn(): Promise<Server> {
  const deadline = Date.now() + LOCK_TIMEOUT_MS;
  for (;;) {
    const server = createServer();
    try {
      await once(server.listen(LOCK_PORT, '127.0.0.1'), 'listening');
      return server;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || Date.now() > deadline) throw error;
      await delay(500);
    }
  }
}

/** Markdown of the root, the documentation and the samples; llms.txt is Markdown too. */
async function markdownFiles(): Promise<string[]> {
  const names = await Promise.all(
    ['.', 'docs', 'sample'].map(async (folder) => {
      const entries = await readdir(join(packageRoot, folder), { recursive: folder !== '.' });
      return entries.filter((name) => name.endsWith('.md') || name === 'llms.txt').map((name) => join(folder, name));
    }),
  );
  return names.flat().sort();
}

/** Prints the readability of each group of pages, and measures the guides. @returns the limits that are not kept */
async function measureAll(names: readonly string[]): Promise<string[]> {
  const messages: string[] = [];
  for (const group of PAGE_GROUPS) {
    const files = names.filter((name) => groupOf(name) === group);
    const texts = await Promise.all(files.map((name) => readFile(join(packageRoot, name), 'utf8')));
    const found = readabilityOf(texts);
    const [words, long, pointing] = [found.words, found.long, found.pointing].map((figure) => figure.toFixed(1));
    console.log(`${group.name}: ${words} words in a sentence, ${long} % long, ${pointing} % begin with a pronoun`);
    messages.push(...hardToRead(group, found), ...files.flatMap((name, index) => tooLong(name, texts[index]!)));
  }
  return messages;
}

async function readPage(name: string): Promise<Page> {
  const text = await readFile(join(packageRoot, name), 'utf8');
  try {
    return { name, directory: join(root, name.replace(/\.md$/, '')), snippets: readSnippets(text) };
  } catch (error) {
    throw new Error(`${name}, ${(error as Error).message}`, { cause: error });
  }
}

async function runPage({ name: page, directory, snippets }: Page): Promise<void> {
  let server: Program | undefined;
  try {
    for (const [index, snippet] of snippets.entries()) {
      const [command, script] = await commandOf(directory, snippet);
      if (snippet.role === 'compiled') {
        // TypeScript has been compiled with everything else
        if (snippet.language === 'python') await run(command, ['-m', 'py_compile', script]);
      } else if (snippet.role === 'server') {
        await server?.stop();
        const address = addressOf(snippet, snippets.slice(index + 1));
        await portFree(snippet, address);
        server = new Program(command, [script], { timeoutMs: TIMEOUT_MS });
        await listening(server, snippet, address);
      } else {
        await checkClient(command, script, snippet, page);
      }
    }
  } finally {
    await server?.stop();
  }
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

/** The address of a server block: the address that its first client names. */
function addressOf(snippet: Snippet, following: readonly Snippet[]): Address {
  const address = ADDRESS.exec(following.find(({ role }) => role === 'client')?.code ?? '');
  if (address === null) throw new Error(`line ${snippet.line}: no client after the server names its address, @host:port`);
  return { host: address[1]!, port: Number(address[2]) };
}

async function portFree(snippet: Snippet, address: Address): Promise<void> {
  const deadline = Date.now() + PORT_TIMEOUT_MS;
  while (await canConnect(address)) {
    if (Date.now() > deadline)
      throw new Error(`line ${snippet.line}: something else listens on ${address.host}:${address.port}; end it first`);
    await delay(250);
  }
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

async function writePrograms(written: readonly Page[]): Promise<void> {
  await rm(root, { recursive: true, force: true });
  for (const { directory, snippets } of written) {
    await mkdir(directory, { recursive: true });
    for (const { file, code, language } of snippets) {
      // every block is a separate module, even without imports
      await writeFile(join(directory, file), language === 'ts' ? `${code}export {};\n` : code);
    }
  }
  // isolatedModules: as in the projects that Nest's CLI makes, where it asks for `import type` in more places
  const compilerOptions = { noEmit: false, paths: {}, noUnusedLocals: false, noUnusedParameters: false, isolatedModules: true };
  const config = { extends: join(packageRoot, 'tsconfig.json'), compilerOptions, include: ['**/*.ts'] };
  await writeFile(join(root, 'tsconfig.json'), JSON.stringify(config));
}

async function commandOf(directory: string, { language, file }: Snippet): Promise<[command: string, script: string]> {
  if (language === 'python') return [await ensurePythonEnv(), join(directory, file)];
  return [process.execPath, join(directory, file.replace(/\.ts$/, '.js'))];
}
