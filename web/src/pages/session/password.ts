import { t } from '$lib/i18n';

export const LEAST = 8;

export function newPasswordProblem(value: string, old: string): string {
  const length = [...value].length;
  if (length < LEAST) return t.session.tooShort(LEAST - length);
  return value === old ? t.session.same : '';
}

export const repeatProblem = (value: string, first: string): string => (value === first ? '' : t.session.notEqual);
