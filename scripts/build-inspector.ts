/**
 * Bundles the page of the inspector: `build-inspector.js DIRECTORY` writes `DIRECTORY/inspector/built-page.js`, which the library loads
 * when the page is opened. Tests load the same module from the sources, by `inspectorPagePlugin`.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build as bundle, type Plugin } from 'esbuild';
import { packageRoot } from './package-root.js';

const BUILT_PAGE = /(?:^|\/)built-page\.js$/;

/** The source of the module `built-page.js`. */
export async function builtPage(): Promise<string> {
  const { outputFiles } = await bundle({
    entryPoints: ['main.tsx', 'page.css'].map((file) => join(packageRoot, 'lib/inspector/page', file)),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    outdir: packageRoot,
    write: false,
    legalComments: 'none',
    tsconfigRaw: {},
  });
  const textOf = (extension: string): string => outputFiles.find(({ path }) => path.endsWith(extension))!.text;
  return `export const script = ${JSON.stringify(textOf('.js'))};\nexport const style = ${JSON.stringify(textOf('.css'))};\n`;
}

/** Lets esbuild bundle the page where the library imports it, for programs that tests make of the sources. */
export const inspectorPagePlugin: Plugin = {
  name: 'inspector-page',
  setup(build) {
    build.onResolve({ filter: BUILT_PAGE }, ({ path }) => ({ path, namespace: 'inspector-page' }));
    build.onLoad({ filter: BUILT_PAGE, namespace: 'inspector-page' }, async () => ({
      contents: await builtPage(),
      loader: 'js',
    }));
  },
};

/** The same for Vitest, as a plugin of Vite. */
export const inspectorPageForTests = {
  name: 'inspector-page',
  enforce: 'pre' as const,
  resolveId: (id: string): string | undefined => (BUILT_PAGE.test(id) ? '\0inspector-built-page' : undefined),
  load: (id: string): Promise<string> | undefined => (id === '\0inspector-built-page' ? builtPage() : undefined),
};

const [directory] = process.argv.slice(2);
if (import.meta.filename === process.argv[1] && directory !== undefined) {
  const folder = join(resolve(directory), 'inspector');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'built-page.js'), await builtPage());
  // the old source map belongs to the replaced module
  await rm(join(folder, 'built-page.js.map'), { force: true });
}
