import { posix } from 'node:path';
import { importedFiles } from './import-rule.js';

/** The nodes that a node imports; nodes are files or folders. */
type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Names the circles of imports between files, and between folders. Imports of types count, and so do re-exports.
 *
 * The files that lie directly in a folder are one node; its sub-folders are nodes of their own. For a circle of folders, the
 * text lists the imports behind each arrow. No order of sub-folders is written down: the first import between two folders sets
 * it, because an import the other way round makes a circle.
 *
 * @param texts the source files, by their paths below `lib/` with forward slashes
 * @returns one text for each circle. A circle that shares a file or folder with a named circle is named once the named circle is gone
 */
export function importCircles(texts: ReadonlyMap<string, string>): string[] {
  // files with and without JSX are imported by the same name
  const written = (file: string): string => (!texts.has(file) && texts.has(`${file}x`) ? `${file}x` : file);
  const files = new Map([...texts].map(([file, text]) => [file, new Set(importedFiles(file, text).map(written))]));
  const folders = new Map<string, Set<string>>();
  const arrows = new Map<string, string[]>();
  for (const [file, targets] of files) {
    for (const target of targets) {
      const [from, to] = [folderOf(file), folderOf(target)];
      if (from === to) continue;
      folders.set(from, (folders.get(from) ?? new Set()).add(to));
      const arrow = arrowOf(from, to);
      arrows.set(arrow, [...(arrows.get(arrow) ?? []), arrowOf(file, target)]);
    }
  }
  return [
    ...circlesOf(files).map((circle) => `files import each other: ${circle.join(ARROW)}`),
    ...circlesOf(folders).map((circle) =>
      [
        `folders import each other: ${circle.join(ARROW)}`,
        ...circle.slice(1).flatMap((to, index) => arrows.get(arrowOf(circle[index]!, to))!.map((pair) => `  ${pair}`)),
      ].join('\n'),
    ),
  ];
}

const ARROW = ' → ';

function arrowOf(from: string, to: string): string {
  return `${from}${ARROW}${to}`;
}

/** The folder of a file; `.` for the entries, which lie in `lib/` itself. */
function folderOf(file: string): string {
  return posix.dirname(file);
}

/** Circles that have no node in common, each with its first node at both ends. */
function circlesOf(graph: Graph): string[][] {
  const circles: string[][] = [];
  const named = new Set<string>();
  for (const node of [...graph.keys()].sort()) {
    const circle = named.has(node) ? undefined : shortestCircle(graph, node);
    if (circle === undefined || circle.some((member) => named.has(member))) continue;
    circles.push(circle);
    for (const member of circle) named.add(member);
  }
  return circles;
}

function shortestCircle(graph: Graph, start: string): string[] | undefined {
  const seen = new Set<string>();
  let paths = [[start]];
  while (paths.length > 0) {
    const longer: string[][] = [];
    for (const path of paths) {
      for (const next of graph.get(path.at(-1)!) ?? []) {
        if (next === start) return [...path, start];
        if (seen.has(next)) continue;
        seen.add(next);
        longer.push([...path, next]);
      }
    }
    paths = longer;
  }
  return undefined;
}
