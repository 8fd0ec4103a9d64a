/** Whether a list of permissions, as GET /session sends it, has a call: by its name, by "archive." that begins it, or by "*". It decides what is offered, not what is allowed. */
export function granted(list: readonly string[], call: string): boolean {
  return list.some((one) => one === '*' || one === call || (one.endsWith('.') && call.startsWith(one)));
}
