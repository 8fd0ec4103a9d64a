import { api, ApiProblem, onUnauthorised, setCsrf } from '$lib/api/client';
import type { Session } from '$lib/api/types';
import { granted } from './grants';

class SessionState {
  /** null: nobody is logged in; undefined: not known yet. */
  current = $state<Session | null | undefined>(undefined);
  error = $state.raw<unknown>(null);

  constructor() {
    onUnauthorised(() => this.take(null));
  }

  take(session: Session | null): void {
    this.current = session;
    setCsrf(session?.csrf ?? '');
  }

  async start(): Promise<void> {
    this.error = null;
    try {
      this.take(await api.get('/session'));
    } catch (error) {
      if (error instanceof ApiProblem && (error.status === 401 || error.status === 403)) this.take(null);
      else this.error = error;
    }
  }

  async logIn(user: string, password: string, totp: string): Promise<void> {
    this.take(await api.post('/session', { body: totp ? { user, password, totp } : { user, password } }));
  }

  async logOut(): Promise<void> {
    try {
      await api.delete('/session');
    } finally {
      this.take(null);
    }
  }

  get role() {
    return this.current?.role ?? 'user';
  }

  /** Whether the role sees the whole server: its messages, queue and log. */
  get looksOn(): boolean {
    return this.role === 'admin' || this.role === 'auditor';
  }

  /** Whether the role may make a call (`queue.retry`). The program decides; the console only does not offer what would be refused. */
  may(call: string): boolean {
    return granted(this.current?.permissions ?? [], call);
  }
}

export const session = new SessionState();
