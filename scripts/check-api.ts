/**
 * Compares the public surface of the built package with the reports in `api/`, one for each entry of package.json. It also finds public
 * signatures that name a type which no entry exports, and exports without a docstring.
 *
 * `--write` writes the reports instead of comparing them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import {
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type ExtractorMessage,
  type ExtractorResult,
  type IConfigFile,
} from '@microsoft/api-extractor';
import { packageRoot } from './package-root.js';

const REPORT_FOLDER = join(packageRoot, 'api');
const BUILD_FOLDER = join(packageRoot, 'build', 'api');

/** Types that may stay unexported, because nobody has to name them. */
const UNNAMED_TYPES = [
  // they only compute a public type
  'CallSignature',
  'ConfigItem',
  'Items',
  'MethodName',
  // Nest's ConfigurableModuleBuilder makes them
  'ASYNC_OPTIONS_TYPE',
  'ASYNC_OPTIONS_TYPE_2',
  'ConfigurableModuleClass',
  'ConfigurableModuleClass_2',
];

const write = process.argv.includes('--write');
const packageJsonPath = join(packageRoot, 'package.json');
const { exports } = JSON.parse(await readFile(packageJsonPath, 'utf8')) as { exports: Record<string, { types?: string }> };
const entries = Object.entries(exports).flatMap(([subpath, { types }]) =>
  types === undefined ? [] : [{ name: subpath === '.' ? 'index' : subpath.slice('./'.length), types: join(packageRoot, types) }],
);
await Promise.all([REPORT_FOLDER, BUILD_FOLDER].map((folder) => mkdir(folder, { recursive: true })));

const problems = entries.flatMap(compareReport);
problems.push(...(await unexportedTypes()));
for (const problem of problems) console.error(problem);
console.log(`${entries.length} entries ${write ? 'written' : 'compared'}, ${problems.length} problems`);
if (problems.length > 0 || entries.length === 0) process.exitCode = 1;

function compareReport({ name, types }: { name: string; types: string }): string[] {
  const { apiReportChanged } = extract(types, {
    apiReport: {
      enabled: true,
      reportFileName: `${name}.api.md`,
      reportFolder: REPORT_FOLDER,
      reportTempFolder: BUILD_FOLDER,
    },
  });
  const found = undocumentedExports(name);
  if (apiReportChanged && !write)
    found.push(`api/${name}.api.md: the surface differs; if the change is meant, run "npm run api" and commit what it writes`);
  return found;
}

/** The exports of an entry that have no docstring, as its new report shows them. Members may go without. */
function undocumentedExports(name: string): string[] {
  const file = `${name}.api.md`;
  const written = [REPORT_FOLDER, BUILD_FOLDER].map((folder) => join(folder, file)).filter((path) => existsSync(path));
  const report = readFileSync(write ? written[0]! : written.at(-1)!, 'utf8');
  return [...report.matchAll(/^\/\/ @public \(undocumented\)\n(.*)$/gm)].map(([, line]) => `api/${file}: no docstring: ${line}`);
}

/** Looks at all entries together: a signature of the root may name a type that only `nestjs-pyro/core` exports. */
async function unexportedTypes(): Promise<string[]> {
  const all = join(BUILD_FOLDER, 'all.d.ts');
  const lines = entries.map(({ types }) => {
    const path = relative(BUILD_FOLDER, types).split(sep).join('/');
    return `export * from '${path.replace(/\.d\.ts$/, '.js')}';\n`;
  });
  await writeFile(all, lines.join(''));
  const found: string[] = [];
  extract(all, { apiReport: { enabled: false } }, (message) => {
    const symbol = /"(.+)"/.exec(message.text)?.[1];
    if (symbol !== undefined && UNNAMED_TYPES.includes(symbol)) return;
    const path = relative(packageRoot, message.sourceFilePath ?? all);
    found.push(`${path}:${message.sourceFileLine}: a public signature names ${symbol}, which no entry exports`);
  });
  return found;
}

function extract(
  types: string,
  config: Partial<IConfigFile>,
  onUnexported?: (message: ExtractorMessage) => void,
): ExtractorResult {
  const { None: none, Warning: warning } = ExtractorLogLevel;
  const prepared = ExtractorConfig.prepare({
    configObject: {
      projectFolder: packageRoot,
      mainEntryPointFilePath: types,
      newlineKind: 'lf',
      compiler: { tsconfigFilePath: join(packageRoot, 'tsconfig.build.json') },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        // docstrings are for readers, not for TSDoc
        tsdocMessageReporting: { default: { logLevel: none } },
        extractorMessageReporting: { default: { logLevel: none }, 'ae-forgotten-export': { logLevel: warning } },
      },
      ...config,
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: packageJsonPath,
  });
  return Extractor.invoke(prepared, {
    localBuild: write,
    messageCallback: (message) => {
      message.handled = true;
      if (message.messageId === 'ae-forgotten-export') onUnexported?.(message);
    },
  });
}
