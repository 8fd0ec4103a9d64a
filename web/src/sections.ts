// The navigation, from top to bottom, in groups. `key` follows "g" on the keyboard; `roles` may see it (the program decides what they may do).
import type { Role } from '$lib/api/types';
import { t } from '$lib/i18n';
import type { IconName } from '$lib/icons/paths';

export interface Section {
  id: keyof typeof t.shell.sections & IconName;
  path: string;
  key: string;
  roles?: Role[];
}

// As src/services/access.cpp has it: who sees all, and who sees a part.
const lookers: Role[] = ['admin', 'auditor'];
const keepers: Role[] = ['admin', 'auditor', 'domain_admin'];

const all: Section[][] = [
  [
    { id: 'overview', path: '/', key: 'o' },
    { id: 'messages', path: '/messages', key: 'm', roles: lookers },
    { id: 'queue', path: '/queue', key: 'q', roles: lookers },
    { id: 'log', path: '/log', key: 'l', roles: lookers },
  ],
  [
    { id: 'setup', path: '/setup', key: 'p', roles: ['admin'] },
    { id: 'domains', path: '/domains', key: 'd', roles: keepers },
    { id: 'signing', path: '/signing', key: 'y', roles: lookers },
    { id: 'accounts', path: '/accounts', key: 'a', roles: keepers },
    { id: 'groups', path: '/groups', key: 'r', roles: lookers },
    { id: 'settings', path: '/settings', key: 's', roles: keepers },
  ],
  [
    { id: 'audit', path: '/audit', key: 'u', roles: lookers },
    { id: 'explain', path: '/explain', key: 'x', roles: lookers },
    { id: 'about', path: '/about', key: 'b' },
  ],
];

/** The entries that a role sees; groups that would be empty are left out. */
export function visibleSections(role: Role): Section[][] {
  return all.map((group) => group.filter((one) => !one.roles || one.roles.includes(role))).filter((group) => group.length > 0);
}
