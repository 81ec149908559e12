import type { NestContainer } from '../nest-internals.js';
import type { ObjectDefinition } from '../definition/object-definition.js';

/**
 * Adds the members of objects to the graph of Nest's devtools, as Nest does with message handlers. Does nothing without
 * `snapshot: true`, because the graph has no classes then.
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
