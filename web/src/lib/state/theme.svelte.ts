export type Theme = 'light' | 'dark' | 'system';
const KEY = 'bulla.theme';

class ThemeState {
  choice = $state<Theme>('system');
  private media = matchMedia('(prefers-color-scheme: dark)');

  constructor() {
    try {
      const kept = localStorage.getItem(KEY);
      if (kept === 'light' || kept === 'dark') this.choice = kept;
    } catch {
      // Without storage the system decides.
    }
    this.media.addEventListener('change', () => this.apply());
    this.apply();
  }

  private apply(): void {
    const dark = this.choice === 'dark' || (this.choice === 'system' && this.media.matches);
    document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
  }

  set(choice: Theme): void {
    this.choice = choice;
    try {
      if (choice === 'system') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, choice);
    } catch {
      // The choice holds for this page then.
    }
    this.apply();
  }
}

export const theme = new ThemeState();
