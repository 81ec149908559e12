import { PyroController, PyroException, PyroMethod } from 'nestjs-pyro';

class Account {
  protected amount = 0;

  withdraw(amount: number): void {
    this.amount -= amount;
  }
  deposit(amount: number): void {
    this.amount += amount;
  }
  balance(): number {
    return this.amount;
  }
}

class RestrictedAccount extends Account {
  override withdraw(amount: number): void {
    if (amount > this.amount) throw new PyroException('builtins.ValueError', ['insufficent balance']);
    super.withdraw(amount);
  }
}

/** Members that are decorated here are exposed on every bank. */
abstract class Bank {
  private readonly accounts = new Map<string, Account>();

  abstract name(): string;
  protected abstract open(): Account;

  @PyroMethod()
  createAccount(name: string): void {
    if (this.accounts.has(name)) throw new PyroException('builtins.ValueError', ['Account already exists']);
    this.accounts.set(name, this.open());
  }

  @PyroMethod()
  deleteAccount(name: string): void {
    this.account(name);
    this.accounts.delete(name);
  }

  @PyroMethod()
  deposit(name: string, amount: number): void {
    this.account(name).deposit(amount);
  }

  @PyroMethod()
  withdraw(name: string, amount: number): void {
    this.account(name).withdraw(amount);
  }

  @PyroMethod()
  balance(name: string): number {
    return this.account(name).balance();
  }

  @PyroMethod()
  allAccounts(): Record<string, number> {
    return Object.fromEntries([...this.accounts].map(([name, account]) => [name, account.balance()]));
  }

  private account(name: string): Account {
    const account = this.accounts.get(name);
    if (account === undefined) throw new PyroException('builtins.KeyError', ['unknown account']);
    return account;
  }
}

@PyroController({ name: 'example.banks.rabobank', instanceMode: 'single' })
export class Rabobank extends Bank {
  // an override needs its own decorator, as in Python
  @PyroMethod()
  name(): string {
    return 'Rabobank';
  }
  protected open(): Account {
    return new Account();
  }
}

@PyroController({ name: 'example.banks.abn', instanceMode: 'single' })
export class Abn extends Bank {
  @PyroMethod()
  name(): string {
    return 'ABN bank';
  }
  protected open(): Account {
    return new RestrictedAccount();
  }
}
