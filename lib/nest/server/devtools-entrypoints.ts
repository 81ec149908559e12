import type { NestContainer } from '../nest-internals.js';
import type { ObjectDefinition } from '../definition/object-definition.js';

/**
 * Puts the members of objects into the graph that Nest's devtools show, as Nest does with message handlers. Nothing without
 * `snapshot: true`: then the graph has no classes.
 *
 * @see ListenersController.insertEntrypointDefinition
 */
export function insertEntrypoints({ serializedGraph: graph }: NestContainer, objects: readonly ObjectDefinition[]): void {
  for (const { objectId, type, wrapper, methods, metadata } of objects) {
    if (graph.getNodeById(wrapper.id) === undefined) continue;
    const members = [
      ...[...methods].map(([name, { key }]) => ({ name, key })),
      ...[...metadata.attrs].map((name) => ({ name, key: name })),
    ];
    for (const { name, key } of members) {
      const definition = {
        id: `${wrapper.id}_${key}`,
        type: 'microservice',
        methodName: key,
        className: type.name,
        classNodeId: wrapper.id,
        metadata: { key: `${objectId}.${name}`, transportId: 'PYRO' },
      };
      graph.insertEntrypoint(definition, wrapper.id);
    }
  }
}
