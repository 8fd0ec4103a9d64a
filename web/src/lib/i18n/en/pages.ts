// Texts of the administration pages: queue, log, domains, accounts, groups and signers, settings, audit, explain, about, profile.
export const pages = {};
