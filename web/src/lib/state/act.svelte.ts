// What a form or a button does: a sign of work while it lasts, what went wrong, and a notice when it is done.
import { ApiProblem } from '$lib/api/client';
import { problemText } from '$lib/api/problem';
import { done, failed } from './toasts.svelte';

export interface Said {
  text: string;
  command?: string;
  undo?: () => void;
}

export class Act {
  busy = $state(false);
  error = $state.raw<unknown>(null);

  /** Runs `act` unless one is running; the failure stays in `error` for the form that asked. Answers whether it was done. */
  async run(act: () => Promise<unknown>, said?: Said): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.error = null;
    try {
      await act();
      if (said) done(said.text, said);
      return true;
    } catch (error) {
      this.error = error;
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** For a button beside nothing that could show an error: the failure becomes a notice. */
  async press(act: () => Promise<unknown>, said?: Said): Promise<boolean> {
    const good = await this.run(act, said);
    if (!good && this.error) failed(this.error);
    return good;
  }

  /** What the API said about one field of the form. */
  field(name: string): string {
    return this.error instanceof ApiProblem && this.error.field === name ? problemText(this.error) : '';
  }

  /** The failure, unless one of these fields shows it. */
  general(...fields: string[]): unknown {
    return this.error instanceof ApiProblem && this.error.field !== null && fields.includes(this.error.field) ? null : this.error;
  }

  clear(): void {
    this.error = null;
  }
}
