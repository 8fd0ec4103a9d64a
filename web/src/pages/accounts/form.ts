import type { Role } from '$lib/api/types';
import { quote } from '$lib/format';
import { t } from '$lib/i18n';

export const ROLES: Role[] = ['user', 'domain_admin', 'admin', 'auditor'];
export const roleOptions = (roles: readonly Role[] = ROLES) => roles.map((value) => ({ value, label: t.accounts.roles[value] }));

export const addressProblem = (address: string): string => (address === '' || /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address) ? '' : t.accounts.form.addressWrong);

export const lines = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

export const domainFlags = (role: Role, domains: readonly string[]): string => (role === 'domain_admin' ? domains.map((name) => ` --domain ${quote(name)}`).join('') : '');
