import { PyroController, PyroMethod } from 'nestjs-pyro';

/** The object of the README: each connection has a greeter of its own. */
@PyroController('example.greeter')
export class Greeter {
  private greeted = 0;

  @PyroMethod()
  greet(name: string, greeting = 'Hello'): string {
    this.greeted++;
    return `${greeting}, ${name}! You are number ${this.greeted}.`;
  }
}
