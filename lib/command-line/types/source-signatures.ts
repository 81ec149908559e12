import type {
  AttributeSignature,
  MethodSignature,
  ObjectSignatures,
  ParameterSignature,
} from '../../daemon/contract/signatures.js';
import { isPrivateName } from '../../objects/private-names.js';
import { type ClassMember, ClassMembers, DecoratorNames } from './class-members.js';
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
  private readonly decorators: DecoratorNames;
  private readonly members: ClassMembers;

  constructor(
    private readonly source: PythonSource,
    private readonly types: PythonTypes,
  ) {
    this.decorators = new DecoratorNames(source);
    this.members = new ClassMembers(source, this.decorators);
  }

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
    const isExposedClass = this.decorators.has(definition, 'expose');
    for (const [name, member] of this.members.of(definition)) {
      if (member.kind === 'accessor') {
        if (Object.hasOwn(attributes, name)) attributes[name]!.writable ||= member.isSetter;
        continue;
      }
      // an override hides the member of the base class, even if the override is not exposed
      delete methods[name];
      delete attributes[name];
      if (isPrivateName(name) || !(isExposedClass || member.isExposed)) continue;
      if (member.kind === 'method') methods[name] = this.method(member.definition);
      else attributes[name] = this.attribute(member);
    }
  }

  private attribute({ getter, isWritable }: ClassMember & { kind: 'property' }): AttributeSignature {
    const type = this.source.annotationOf(getter?.node.getChild('TypeDef') ?? null);
    const doc = getter === undefined ? {} : this.source.docOf(getter);
    return { ...(type !== undefined && { type }), ...doc, readable: true, writable: isWritable };
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
      parameters: this.decorators.has(definition, 'staticmethod') ? parameters : parameters.slice(1),
      ...(returns !== undefined && { returns }),
      ...this.source.docOf(definition),
      oneway: this.decorators.has(definition, 'oneway'),
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
