import { anyOf, FUNCTION, oneOf, type OptionRules } from '../../options/option-checks.js';
import { SecurityError } from '../../protocol/errors.js';
import type { CallContext } from '../../daemon/contract/call-context.js';
import { isLoopbackLocation } from '../../protocol/location.js';
import { optionText } from '../../protocol/texts/safe-text.js';
import { warn } from '../../reports/warning.js';
import { afterwards } from '../store/name-store.js';

/** The actions on names that a policy allows or refuses. */
export type NameAction = 'register' | 'remove' | 'setMetadata' | 'list' | 'takeover';

/** Asks whether a client may do something with a name. */
export interface NameRequest {
  /** The action that the client wants to do. */
  readonly action: NameAction;
  /** Undefined for `list`. */
  readonly name: string | undefined;
  /** The principal of the client, as the handshake guard set it. Undefined without a guard. */
  readonly principal: unknown;
  /** `address:port`, `[v6]:port`, or `local` for a unix socket. */
  readonly remoteAddress: string;
}

/**
 * The clients that may do something. `everybody`, `nobody`, `loopback`: clients on the same machine (from 127.0.0.0/8, ::1 or a unix
 * socket). A function: the clients for which it returns true. Any other result refuses the client; a result that is not false is a mistake,
 * and causes a warning of the process.
 */
export type NameRule = 'everybody' | 'loopback' | 'nobody' | ((request: NameRequest) => boolean | Promise<boolean>);

/**
 * The rules about the names of a name server. Default: everybody may do everything, as in Pyro5, except take over names whose owners are
 * alive. Lookups are always allowed: handshake guards decide who may connect.
 */
export interface NamePolicy {
  /** Register a name. */
  register?: NameRule;
  /** Remove a name. */
  remove?: NameRule;
  /** Change the metadata tags of a name. */
  setMetadata?: NameRule;
  /** List names, search them by tags, watch them, and remove those that a prefix or a regular expression selects. */
  list?: NameRule;
  /** Register or remove a name whose owner holds a lease of it and is alive, or change its tags. Default `nobody`. */
  takeover?: NameRule;
}

const ACTIONS: readonly NameAction[] = ['register', 'remove', 'setMetadata', 'list', 'takeover'];
const RULE = anyOf(oneOf('everybody', 'loopback', 'nobody'), FUNCTION);

export const POLICY_RULES: OptionRules<NamePolicy> = {
  register: RULE,
  remove: RULE,
  setMetadata: RULE,
  list: RULE,
  takeover: RULE,
};

const DEFAULT_RULES: Record<NameAction, NameRule> = {
  register: 'everybody',
  remove: 'everybody',
  setMetadata: 'everybody',
  list: 'everybody',
  takeover: 'nobody',
};

/** Asks the rules of a policy. */
export class NameRules {
  private readonly rules: Record<NameAction, NameRule>;
  /** Actions whose rule has given a result that is neither true nor false. */
  private readonly wrong = new Set<NameAction>();

  constructor(policy: NamePolicy = {}) {
    this.rules = { ...DEFAULT_RULES };
    for (const action of ACTIONS) this.rules[action] = policy[action] ?? DEFAULT_RULES[action];
  }

  /** True when everybody may change names. */
  get isOpen(): boolean {
    return [this.rules.register, this.rules.remove, this.rules.setMetadata].includes('everybody');
  }

  /**
   * True when a call may do something. Code of this process may do everything, without a call, except take over.
   *
   * Returns no promise unless the rule does.
   */
  allows(action: NameAction, name: string | undefined, call: CallContext | undefined): boolean | Promise<boolean> {
    const rule = this.rules[action];
    if (typeof rule !== 'function') {
      if (rule === 'everybody') return true;
      if (call === undefined) return action !== 'takeover';
      return rule === 'loopback' && isLoopbackLocation(call.connection.remoteAddress);
    }
    if (call === undefined) return action !== 'takeover';
    const { principal, connection } = call;
    const answer = rule({ action, name, principal, remoteAddress: connection.remoteAddress });
    return afterwards<unknown, boolean>(answer, (given) => this.isTrue(given, action));
  }

  /** Warns of a result that is neither true nor false, once for each action: a client could fill the log otherwise. */
  private isTrue(given: unknown, action: NameAction): boolean {
    if (typeof given !== 'boolean' && !this.wrong.has(action)) {
      this.wrong.add(action);
      const text = `policy.${action} of the name server has given ${optionText(given)}; it must be true or false. The client was refused`;
      warn(text, 'PYRO_NAME_POLICY');
    }
    return given === true;
  }

  /** Returns no promise unless the rule does. @throws {SecurityError} when a call may not do something */
  check(action: NameAction, name: string | undefined, call: CallContext | undefined): void | Promise<void> {
    return afterwards(this.allows(action, name, call), (isAllowed) => {
      if (isAllowed) return;
      const what = name === undefined ? 'list names' : `${PHRASES[action]} the name ${JSON.stringify(name)}`;
      throw new SecurityError(
        `${call?.connection.remoteAddress ?? 'this program'} may not ${what}: the name server's policy refuses it`,
      );
    });
  }
}

const PHRASES: Record<NameAction, string> = {
  register: 'register',
  remove: 'remove',
  setMetadata: 'change the metadata of',
  list: 'list',
  takeover: 'take over',
};
