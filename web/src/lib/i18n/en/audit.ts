export const audit = {
  text: 'What was done, by whom. Each act is an entry of the log, so nobody can take one out unseen.',
  columns: { at: 'When', actor: 'Who', action: 'What', target: 'Of', detail: 'Details', index: 'Entry' },
  placeholder: 'who:admin what:settings of:example.org',
  filter: 'Filter the acts',
  hint: 'who: names a login, what: the beginning of an act, of: what it was done to. A word alone is what it was done to.',
  chips: { actor: (v: string) => `by ${v}`, action: (v: string) => `${v}…`, target: (v: string) => `of ${v}` },
  kinds: { 'settings.': 'Settings', 'account.': 'Accounts', 'auth.': 'Log-ins', 'key.': 'Use of keys' },
  emptyTitle: 'Nothing was done yet.',
  emptyText: 'The first change stands here.',
  noneTitle: 'No act fits this.',
  noneText: 'Take a filter away.',
  clear: 'Clear the filters',
};
