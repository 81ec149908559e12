import type { MethodSignature, ObjectSignatures, ParameterSignature } from '../../daemon/contract/signatures.js';
import { isPrivateName } from '../../objects/private-names.js';
import { PythonTypes } from './python-types.js';
import { withReachedTypes } from './reached-types.js';
import { childrenOf, type Definition, nodesIn, type PythonParser, PythonSource, type SyntaxNode } from './syntax-tree.js';

/**
 * Reads the classes of a Python source that Pyro5 can serve, with their exposed members. The source is parsed and never run, so changes
 * that it makes to its classes at run time are not seen.
 */
export function readSourceSignatures(text: string, parser: PythonParser): ObjectSignatures[] {
  const source = new PythonSource(text, parser);
  const classes = [...nodesIn(source.root)].flatMap((node) =>
    node.name === 'ClassDefinition' ? (source.definition(node) ?? []) : [],
  );
  const reader = new SourceReader(source, new PythonTypes(source, classes));
  return classes
    .map((each) => reader.read(each))
    .filter(({ methods, attributes }) => hasMembers(methods) || hasMembers(attributes));
}

const hasMembers = (members: object): boolean => Object.keys(members).length > 0;

class SourceReader {
  constructor(
    private readonly source: PythonSource,
    private readonly types: PythonTypes,
  ) {}

  read(definition: Definition): ObjectSignatures {
    const signatures: ObjectSignatures = {
      class: definition.name,
      ...this.source.docOf(definition),
      methods: {},
      attributes: {},
    };
    for (const each of this.types.lineOf(definition)) this.addMembers(each, signatures);
    return withReachedTypes(signatures, (name) => this.types.typeNamed(name));
  }

  private addMembers(definition: Definition, { methods, attributes }: ObjectSignatures): void {
    const isExposedClass = has(definition, 'expose');
    for (const statement of this.source.statements(definition)) {
      const member = statement.name === 'FunctionDefinition' ? this.source.definition(statement) : undefined;
      if (member === undefined) continue;
      const { name } = member;
      if (member.decorators.some((text) => text === `${name}.setter`)) {
        if (Object.hasOwn(attributes, name)) attributes[name]!.writable = true;
        continue;
      }
      const isExposed = !isPrivateName(name) && (isExposedClass || has(member, 'expose'));
      // an override hides the member of the base class, even if the override is not exposed
      delete methods[name];
      delete attributes[name];
      if (!isExposed) continue;
      if (has(member, 'property') || has(member, 'cached_property')) {
        const type = this.source.annotationOf(statement.getChild('TypeDef'));
        attributes[name] = { ...(type !== undefined && { type }), ...this.source.docOf(member), readable: true, writable: false };
      } else methods[name] = this.method(member);
    }
  }

  private method(definition: Definition): MethodSignature {
    const { node } = definition;
    const returns = this.source.annotationOf(node.getChild('TypeDef'));
    const body = node.getChild('Body');
    const isGenerator =
      body !== null && [...nodesIn(body, true)].some(({ name }) => /^Yield(?:Statement|Expression)$/.test(name));
    const list = node.getChild('ParamList');
    const parameters = list === null ? [] : this.parameters(list);
    return {
      parameters: has(definition, 'staticmethod') ? parameters : parameters.slice(1),
      ...(returns !== undefined && { returns }),
      ...this.source.docOf(definition),
      oneway: has(definition, 'oneway'),
      stream: isGenerator,
    };
  }

  private parameters(list: SyntaxNode): ParameterSignature[] {
    let parameters: ParameterSignature[] = [];
    let isKeywordOnly = false;
    let begin = list.firstChild!.to;
    let nodes: SyntaxNode[] = [];
    for (const node of childrenOf(list).slice(1)) {
      if (node.name !== ',' && node.name !== ')') {
        nodes.push(node);
        continue;
      }
      const [first, second] = nodes;
      if (first === undefined) {
        const isMark = /^[^#]*\//m.test(this.source.textOf({ from: begin, to: node.from }));
        if (isMark) parameters = parameters.map((each) => ({ ...each, kind: 'positional-only' }));
      } else if (first.name === '*' || first.name === '**') {
        isKeywordOnly = true;
        const kind = first.name === '*' ? 'varargs' : 'kwargs';
        if (second !== undefined) parameters.push(this.parameter(second, nodes, kind));
      } else {
        parameters.push(this.parameter(first, nodes, isKeywordOnly ? 'keyword' : 'positional'));
      }
      nodes = [];
      begin = node.to;
    }
    return parameters;
  }

  private parameter(name: SyntaxNode, nodes: readonly SyntaxNode[], kind: ParameterSignature['kind']): ParameterSignature {
    const type = this.source.annotationOf(nodes.find((node) => node.name === 'TypeDef') ?? null);
    const hasDefault = nodes.some((node) => node.name === 'AssignOp');
    const required = !hasDefault && kind !== 'varargs' && kind !== 'kwargs';
    return { name: this.source.textOf(name), kind, required, ...(type !== undefined && { type }) };
  }
}

/** True when a decorator has this name: `expose` for `@Pyro5.api.expose`. */
function has({ decorators }: Definition, name: string): boolean {
  return decorators.some(
    (text) =>
      text
        .replace(/\([^]*/, '')
        .split('.')
        .at(-1) === name,
  );
}
