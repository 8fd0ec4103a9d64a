/** A root as the API gives it (hexadecimal, or base64 as in a checkpoint) → 64 hexadecimal digits, or '' when it is neither. */
export function hexOfRoot(root: string): string {
  if (/^[0-9a-f]{64}$/i.test(root)) return root.toLowerCase();
  try {
    const octets = atob(root);
    return octets.length === 32 ? Array.from(octets, (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join('') : '';
  } catch {
    return '';
  }
}
