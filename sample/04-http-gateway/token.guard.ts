import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';

/** Who may change something: an ordinary guard of HTTP, of which Python knows nothing. */
@Injectable()
export class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    return headers.authorization === 'Bearer secret';
  }
}
