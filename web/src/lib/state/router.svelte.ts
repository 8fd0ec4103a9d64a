// Addresses without a hash. A page is found by its pattern; filters stand in the query.
import { tick, type Component } from 'svelte';

export interface Page {
  /** Name of the entry of the navigation that is marked. */
  section: string;
  title: string;
  load: () => Promise<{ default: Component<Record<string, never>> }>;
}

interface Compiled extends Page {
  pattern: RegExp;
  names: string[];
}

export type Routes = Record<string, Page>;

function compile(routes: Routes): Compiled[] {
  return Object.entries(routes).map(([path, page]) => {
    const names: string[] = [];
    const source = path.replace(/:(\w+)/g, (_, name: string) => {
      names.push(name);
      return '([^/]+)';
    });
    return { ...page, names, pattern: new RegExp(`^${source}/?$`) };
  });
}

class Router {
  path = $state(location.pathname);
  query = $state(new URLSearchParams(location.search));
  private routes: Compiled[] = [];

  define(routes: Routes): void {
    this.routes = compile(routes);
  }

  match(path: string): { page: Page; params: Record<string, string> } | null {
    for (const page of this.routes) {
      const found = page.pattern.exec(path);
      if (!found) continue;
      const params: Record<string, string> = {};
      try {
        page.names.forEach((name, i) => (params[name] = decodeURIComponent(found[i + 1]!)));
      } catch {
        return null;
      }
      return { page, params };
    }
    return null;
  }

  get current() {
    return this.match(this.path);
  }

  param(name: string): string {
    return this.current?.params[name] ?? '';
  }

  read(): void {
    this.path = location.pathname;
    this.query = new URLSearchParams(location.search);
  }
}

export const router = new Router();

/** Goes to an address of the console. `keep`: the same page with another query; the scroll position and the focus stay. */
export function go(to: string, options: { replace?: boolean; keep?: boolean } = {}): void {
  if (options.replace) history.replaceState(history.state, '', to);
  else history.pushState(null, '', to);
  router.read();
  if (!options.keep) {
    void tick().then(() => {
      scrollTo(0, 0);
      document.getElementById('main')?.focus({ preventScroll: true });
    });
  }
}

/** Changes parameters of the query; an empty value takes one away. */
export function setQuery(changes: Record<string, string | null | undefined>, replace = true): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  go(location.pathname + (text ? `?${text}` : ''), { replace, keep: true });
}

const OUTSIDE = /^\/(api|health|metrics|verify|\.well-known)(\/|$)/;

/** Links of the document stay within the page unless they ask for something else. */
export function followLinks(): () => void {
  const click = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (OUTSIDE.test(link.pathname) || (link.hash && link.pathname === location.pathname)) return;
    event.preventDefault();
    go(link.pathname + link.search);
  };
  const pop = () => router.read();
  document.addEventListener('click', click);
  addEventListener('popstate', pop);
  return () => {
    document.removeEventListener('click', click);
    removeEventListener('popstate', pop);
  };
}
