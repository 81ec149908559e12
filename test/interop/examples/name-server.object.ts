import { PyroController, type PyroDaemon, PyroException, PyroMethod, PyroUri, pyTuple, type PyTuple } from 'nestjs-pyro';
import { NamingError } from 'nestjs-pyro/core';
import type { Stage } from './stage.js';

interface Entry {
  uri: string;
  metadata: ReadonlySet<string>;
}

const OWN_NAME = 'Pyro.NameServer';

/** A name server in memory, with only the features that the examples need. */
@PyroController({ objectId: OWN_NAME, instanceMode: 'single', naming: 'snake_case' })
export class NameServerObject {
  private readonly entries = new Map<string, Entry>();

  @PyroMethod()
  ping(): void {}

  @PyroMethod()
  count(): number {
    return this.entries.size;
  }

  @PyroMethod()
  lookup(name: string, returnMetadata = false): unknown {
    const { uri, metadata } = this.known(name);
    return returnMetadata ? pyTuple(new PyroUri(uri), metadata) : new PyroUri(uri);
  }

  @PyroMethod()
  register(name: string, uri: string | PyroUri, safe = false, metadata: Iterable<string> | null = null): void {
    if (safe && this.entries.has(name)) throw new NamingError(`name already registered: ${name}`);
    this.entries.set(name, { uri: String(new PyroUri(String(uri))), metadata: tags('metadata', metadata) });
  }

  @PyroMethod()
  setMetadata(name: string, metadata: Iterable<string> | null): void {
    this.entries.set(name, { ...this.known(name), metadata: tags('metadata', metadata) });
  }

  @PyroMethod()
  remove(name: string | null = null, prefix: string | null = null, regex: string | null = null): number {
    const names = name ? [name] : prefix || regex ? this.select(prefix, regex) : [];
    return names.filter((candidate) => candidate !== OWN_NAME && this.entries.delete(candidate)).length;
  }

  @PyroMethod()
  list(prefix: string | null = null, regex: string | null = null, returnMetadata = false): Map<string, string | PyTuple> {
    return this.listed(this.select(prefix, regex), returnMetadata);
  }

  @PyroMethod()
  yplookup(
    metaAll: Iterable<string> | null = null,
    metaAny: Iterable<string> | null = null,
    returnMetadata = true,
  ): Map<string, string | PyTuple> {
    const [all, any] = [tags('meta_all', metaAll), tags('meta_any', metaAny)];
    if (all.size > 0 && any.size > 0) throw valueError("you can't use meta_all or meta_any at the same time");
    const names = [...this.entries].filter(([, { metadata }]) =>
      all.size > 0 ? [...all].every((tag) => metadata.has(tag)) : [...any].some((tag) => metadata.has(tag)),
    );
    return this.listed(
      names.map(([name]) => name),
      returnMetadata,
    );
  }

  private known(name: string): Entry {
    const entry = this.entries.get(name);
    if (entry === undefined) throw new NamingError(`unknown name: ${name}`);
    return entry;
  }

  private select(prefix: string | null, regex: string | null): string[] {
    if (prefix && regex) throw valueError('you can only filter on one thing at a time');
    const names = [...this.entries.keys()];
    if (prefix) return names.filter((name) => name.startsWith(prefix));
    if (!regex) return names;
    const pattern = compile(regex);
    return names.filter((name) => pattern.test(name));
  }

  private listed(names: readonly string[], returnMetadata: boolean): Map<string, string | PyTuple> {
    return new Map(
      names.map((name) => {
        const { uri, metadata } = this.known(name);
        return [name, returnMetadata ? pyTuple(uri, metadata) : uri];
      }),
    );
  }
}

/** Python's `re.match`: from the start of the name. */
function compile(regex: string): RegExp {
  try {
    return new RegExp(`^(?:${regex})`, 'u');
  } catch (error) {
    throw new NamingError(`invalid regex: ${(error as Error).message}`);
  }
}

function tags(parameter: string, given: Iterable<string> | null): ReadonlySet<string> {
  if (typeof given === 'string') {
    const text = `${parameter} should not be a str, but another iterable (set, list, etc)`;
    throw new PyroException('builtins.TypeError', [text]);
  }
  return new Set(given);
}

function valueError(text: string): PyroException {
  return new PyroException('builtins.ValueError', [text]);
}

/** Replaces the stage's Pyro5 name server: its scripts find this name server. */
export async function serveNames(stage: Stage): Promise<void> {
  const server = await stage.nest({ providers: [NameServerObject] });
  const uri = server.unwrap<PyroDaemon>().uriFor(OWN_NAME);
  stage.nameServer.port = uri.port!;
  await stage.register(OWN_NAME, uri, ['class:Pyro5.nameserver.NameServer']);
}
