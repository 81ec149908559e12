import type { ModulesContainer } from '@nestjs/core';
import type { DaemonNames } from '../../pyro/daemon-names.js';
import { type BindableServer, serversOf } from '../binding/pyro-binder.js';
import type { ObjectDefinition } from '../definition/object-definition.js';

/** A server of the application that keeps names at name servers. */
export interface NamingServer {
  /** `name` of the server's options. */
  readonly name: string | undefined;
  readonly isEnding: boolean;
  /** False also when only the daemon of the server was closed. */
  readonly isListening: boolean;
  /** The names of a server that listens. */
  readonly names: DaemonNames | undefined;
}

/**
 * Registers the names of objects, except the names that another server of the application has at the same name servers: a name leads to
 * one server.
 *
 * @param modules the modules of the application; undefined when the server knows none
 * @returns the texts of warnings about names that were left to other servers
 */
export function addNames(
  objects: readonly ObjectDefinition[],
  own: NamingServer,
  names: DaemonNames,
  modules: ModulesContainer | undefined,
): string[] {
  const siblings = modules ? serversOf<NamingServer & BindableServer>(modules) : [];
  const left = new Map<NamingServer, string[]>();
  for (const { objectId, name, tags } of objects) {
    if (name === undefined) continue;
    const owner = siblings.find(
      (sibling) => sibling !== own && sibling.isListening && !sibling.isEnding && sibling.names?.competesFor(name, names),
    );
    if (owner === undefined) names.add(objectId, name, tags);
    else left.set(owner, [...(left.get(owner) ?? []), `"${name}"`]);
  }
  return [...left].map(([owner, leftNames]) => leftText(leftNames, labelOf(owner), labelOf(own)));
}

function leftText(names: readonly string[], owner: string, own: string): string {
  const what = names.length === 1 ? `the name ${names[0]} leads` : `the names ${names.join(', ')} lead`;
  return (
    `${what} to ${owner}, which registered first, and not to ${own} of this application: ` +
    'take nameServer out of the options of one of them, or give each object one server: @PyroController({ server })'
  );
}

function labelOf({ name, names }: NamingServer): string {
  return `the PyroServer ${name === undefined ? `at ${names?.location}` : `"${name}"`}`;
}
