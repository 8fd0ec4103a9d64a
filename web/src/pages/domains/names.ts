import { t } from '$lib/i18n';

/** Live check only; the program decides (international names are turned into A-labels there). */
export function domainProblem(name: string): string {
  const good = name.length <= 253 && /^(?=.*\.)[^\s@/\\:;,()<>"'_]+$/.test(name) && name.split('.').every((label) => label !== '' && label.length <= 63 && !/^-|-$/.test(label));
  return name === '' || good ? '' : t.domains.nameWrong;
}

export function selectorProblem(selector: string): string {
  return selector === '' || /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/.test(selector) ? '' : t.domains.key.selectorWrong;
}

export function pemProblem(pem: string): string {
  return pem === '' || /^\s*-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(pem) ? '' : t.domains.key.pemWrong;
}

/** A selector that names the month: keys are changed once or twice a year. */
export function nextSelector(taken: readonly string[], now = new Date()): string {
  const base = `s${now.getFullYear()}${String(now.getMonth() + 1).padStart(2, '0')}`;
  if (!taken.includes(base)) return base;
  for (let n = 2; ; n++) if (!taken.includes(`${base}-${n}`)) return `${base}-${n}`;
}
