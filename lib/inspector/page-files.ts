import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { OpenResponses } from './requests/open-responses.js';

/** A file of the page. */
interface PageFile {
  type: string;
  plain: Buffer;
  gzip: Buffer;
  tag: string;
}

/** The names of the files that the page loads. */
const PAGE_FILES = ['page.js', 'page.css'] as const;
type PageFileName = (typeof PAGE_FILES)[number];

let files: Promise<Record<PageFileName, PageFile>> | undefined;

/**
 * Sends the page, or the file of the page that the query names.
 *
 * The page loads its files from its own address with a query. A reverse proxy may have renamed the path, which then only the browser
 * knows, and the path may end with a slash or not.
 */
export function sendPage(
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  responses: OpenResponses,
): Promise<void> {
  const file = PAGE_FILES.find((name) => name === query.get('file'));
  if (file !== undefined) return sendFile(request, response, file, responses);
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  return responses.end(
    response,
    `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Pyro inspector</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="?file=page.css">
<script type="module" src="?file=page.js"></script>
</head>
<body><noscript>The inspector needs JavaScript.</noscript></body>
</html>
`,
  );
}

/** Sends a file of the page, compressed where the browser takes that. */
async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  name: PageFileName,
  responses: OpenResponses,
): Promise<void> {
  // loaded when the page is opened for the first time
  files ??= loadFiles();
  const { type, plain, gzip, tag } = (await files)[name];
  response.setHeader('Content-Type', type);
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('ETag', tag);
  response.setHeader('Vary', 'Accept-Encoding');
  if (request.headers['if-none-match'] === tag) {
    response.statusCode = 304;
    return responses.end(response);
  }
  if (/\bgzip\b/.test(String(request.headers['accept-encoding']))) {
    response.setHeader('Content-Encoding', 'gzip');
    return responses.end(response, gzip);
  }
  return responses.end(response, plain);
}

async function loadFiles(): Promise<Record<PageFileName, PageFile>> {
  const { script, style } = await import('./built-page.js');
  return { 'page.js': fileOf('text/javascript', script), 'page.css': fileOf('text/css', style) };
}

function fileOf(type: string, text: string): PageFile {
  const plain = Buffer.from(text);
  const tag = `"${createHash('sha256').update(plain).digest('base64url')}"`;
  return { type: `${type}; charset=utf-8`, plain, gzip: gzipSync(plain, { level: 9 }), tag };
}
