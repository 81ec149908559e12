/**
 * Builds the site of the documentation into `build/site/`: the guides and the API reference from the docstrings, with a search that works
 * without a network. `docs/README.md` lists the guides, in their order, under their headings.
 *
 * A warning of typedoc, such as a link that leads nowhere, fails the build. So does a public name without a docstring.
 */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { Application, ReflectionKind, type TypeDocOptions } from 'typedoc';
import { packageRoot } from './package-root.js';
import { withoutDocstring } from './site/docstrings.js';
import { guidesOf, onlySiteLinks, siteDocument, withoutTitle } from './site/guides.js';

/** Copies of the pages, with the front matter of typedoc. */
const PAGES = join(packageRoot, 'build', 'site-pages');
const SITE = join(packageRoot, 'build', 'site');
const MAP = 'docs/README.md';
/** The first page of the site. */
const FRONT = 'README.md';
const STYLES = join(PAGES, 'site.css');
/** A table that is wider than the page scrolls by itself; its cells stay wide enough to read, and names in them are not broken. */
const STYLE = `.tsd-typography table { display: block; overflow-x: auto; }
.tsd-typography code { overflow-wrap: anywhere; }
.tsd-typography td code { overflow-wrap: normal; }
.tsd-typography td { min-width: 8rem; }
.tsd-typography td:nth-child(n + 2) { min-width: 11rem; }
`;
/** How much a page counts in the search, against a name that an entry exports. A name that is the question still comes first. */
const GUIDE_BOOST = 40;
/** The page of all error texts is long, so each of its words counts little. */
const TROUBLESHOOTING = { title: 'Troubleshooting by error text', boost: 9 };
/** Members of classes and interfaces: many have the same name, such as `callTimeoutMs`. */
const MEMBER_BOOST = 0.04;
/** Groups of the map for people who change the code. Their pages count as names of the API do. */
const GROUPS_FOR_DEVELOPERS = ['Evidence', 'Changing the code'];

await rm(PAGES, { recursive: true, force: true });
await rm(SITE, { recursive: true, force: true });
// pictures and other files that pages show
await cp(join(packageRoot, 'docs'), join(PAGES, 'docs'), { recursive: true, filter: (path) => !path.endsWith('.md') });

const guides = [{ file: MAP, group: 'Start' }, ...(await guidesOf(packageRoot, MAP, await read(MAP)))];
const unnamed = (await readdir(join(packageRoot, 'docs'))).filter(
  (name) => name.endsWith('.md') && !guides.some(({ file }) => file === `docs/${name}`),
);
if (unnamed.length > 0) throw new Error(`${MAP} does not name ${unnamed.join(', ')}`);
const files = new Set([FRONT, ...guides.map(({ file }) => file)]);
const onSite = (file: string): boolean => files.has(file);
// typedoc writes the name of the project as the title
await write(FRONT, withoutTitle(onlySiteLinks(FRONT, await read(FRONT), onSite)));
for (const guide of guides) await write(guide.file, siteDocument(guide, await read(guide.file), onSite));
await writeFile(STYLES, STYLE);

const groups = [...new Set(guides.map(({ group }) => group))];
const options: TypeDocOptions = {
  name: 'nestjs-pyro',
  entryPoints: ['index.ts', 'core.ts', 'serpent/index.ts', 'testing/index.ts'].map((file) => join(packageRoot, 'lib', file)),
  tsconfig: join(packageRoot, 'tsconfig.build.json'),
  basePath: packageRoot,
  readme: join(PAGES, FRONT),
  projectDocuments: guides.map(({ file }) => relative(packageRoot, join(PAGES, file))),
  includeVersion: true,
  searchInDocuments: true,
  highlightLanguages: ['typescript', 'javascript', 'python', 'shellscript', 'json', 'yaml', 'ini', 'dockerfile', 'text'],
  excludeInternal: true,
  excludePrivate: true,
  // there is no address of the sources yet
  disableSources: true,
  githubPages: false,
  navigation: { includeGroups: true, includeCategories: true, includeFolders: true },
  sort: ['documents-first', 'source-order'],
  // the order of the map
  groupOrder: [...groups, '*'],
  searchGroupBoosts: Object.fromEntries(
    groups.filter((group) => !GROUPS_FOR_DEVELOPERS.includes(group)).map((group) => [group, GUIDE_BOOST]),
  ),
  customCss: STYLES,
  out: SITE,
  logLevel: 'Warn',
  treatWarningsAsErrors: true,
  validation: { notExported: false, invalidLink: true, notDocumented: false },
};
const application = await Application.bootstrap(options);
const project = await application.convert();
if (project === undefined) throw new Error('typedoc found errors in the sources, see above');
for (const reflection of Object.values(project.reflections)) {
  if (reflection.isDocument() && reflection.name === TROUBLESHOOTING.title) reflection.relevanceBoost = TROUBLESHOOTING.boost;
  if (!reflection.isDeclaration() || reflection.parent === undefined) continue;
  // a member of a type without a name is found by the name of the type
  if (reflection.parent.kindOf(ReflectionKind.TypeLiteral)) reflection.relevanceBoost = 0;
  else if (reflection.parent.kindOf(ReflectionKind.ClassOrInterface)) reflection.relevanceBoost = MEMBER_BOOST;
}
application.validate(project);
await application.generateOutputs(project);
const { logger } = application;
for (const name of withoutDocstring(project)) logger.error(`${name} has no docstring`);
if (logger.hasErrors() || logger.hasWarnings()) process.exitCode = 1;
console.log(`build/site/index.html, ${guides.length} guides, ${logger.warningCount} warnings`);

function read(file: string): Promise<string> {
  return readFile(join(packageRoot, file), 'utf8');
}

async function write(file: string, content: string): Promise<void> {
  const path = join(PAGES, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
