#include "importers/rspamd_options.h"

#include "importers/text.h"

#include <algorithm>
#include <array>

namespace bulla::importers {

namespace {

using enum RspamdFate;

constexpr std::string_view not_in_files = "it is for keys that are not in files";
constexpr std::string_view by_author =
    "bulla goes by the domain of the From address alone, whoever the client is";

constexpr std::array table{
    // clang-format off
    RspamdOption{"allow_envfrom_empty", differs, "mail without an envelope sender is signed as all other", "true"},
    RspamdOption{"allow_hdrfrom_mismatch", differs, "a From of another domain than the envelope's is signed all the same", "true"},
    RspamdOption{"allow_hdrfrom_mismatch_local", unneeded, "bulla does not compare From with the envelope"},
    RspamdOption{"allow_hdrfrom_mismatch_sign_networks", unneeded, "bulla does not compare From with the envelope"},
    RspamdOption{"allow_hdrfrom_multiple", differs, "of several From addresses the first decides", "true"},
    RspamdOption{"allow_headers_fallback", unneeded, not_in_files},
    RspamdOption{"allow_pubkey_mismatch", unneeded, "`bulla dkim check` and the self-check look at the keys"},
    RspamdOption{"allow_username_mismatch", differs, "who logs in must own the From address (setting send_as), else the message is refused", "false"},
    RspamdOption{"allowed_ids", differs, "bulla has no settings ids"},
    RspamdOption{"auth_only", differs, "mail of users who log in is signed", "true"},
    RspamdOption{"check_pubkey", unneeded, "`bulla dkim check` looks at the keys' records"},
    RspamdOption{"check_violation", differs, "bulla does not look at signatures that a message has already", "false"},
    RspamdOption{"domain"},
    RspamdOption{"enabled"},
    RspamdOption{"forbidden_ids", differs, "bulla has no settings ids"},
    RspamdOption{"http_domain_header", unneeded, not_in_files},
    RspamdOption{"http_key_header", unneeded, not_in_files},
    RspamdOption{"http_selector_header", unneeded, not_in_files},
    RspamdOption{"http_sign_header", unneeded, not_in_files},
    RspamdOption{"http_sign_on_reject_header_header", unneeded, not_in_files},
    RspamdOption{"http_timeout", unneeded, not_in_files},
    RspamdOption{"key_prefix", unneeded, not_in_files},
    RspamdOption{"key_table"},
    RspamdOption{"no_ssl_verify", unneeded, not_in_files},
    RspamdOption{"path"},
    RspamdOption{"path_map"},
    RspamdOption{"selector"},
    RspamdOption{"selector_map"},
    RspamdOption{"selector_prefix", unneeded, not_in_files},
    RspamdOption{"servers", unneeded, not_in_files},
    RspamdOption{"sign_authenticated", differs, "mail of users who log in is signed", "true"},
    RspamdOption{"sign_condition", differs, "Lua is not run: bulla goes by the domain of the From address"},
    RspamdOption{"sign_headers"},
    RspamdOption{"sign_inbound", differs, "mail from outside is not signed", "false"},
    RspamdOption{"sign_local"},
    RspamdOption{"sign_networks"},
    RspamdOption{"signing_table"},
    RspamdOption{"skip_spam_sign", differs, "bulla knows no spam score", "false"},
    RspamdOption{"symbol", unneeded, "bulla has no symbols"},
    RspamdOption{"try_fallback"},
    RspamdOption{"use_domain", differs, by_author, "header"},
    RspamdOption{"use_domain_custom", differs, by_author},
    RspamdOption{"use_domain_sign_inbound", differs, "mail from outside is not signed"},
    RspamdOption{"use_domain_sign_local", differs, by_author, "header"},
    RspamdOption{"use_domain_sign_networks", differs, by_author, "header"},
    RspamdOption{"use_esld", differs, "mail of domains below was signed by the one that was registered (use_esld); bulla signs it once such a domain has a key of its own, or as a dkimdomains file says", "false"},
    RspamdOption{"use_http_headers"},
    RspamdOption{"use_milter_headers", unneeded, "how rspamd hands a signature to the mail server"},
    RspamdOption{"use_redis"},
    RspamdOption{"use_vault"},
    RspamdOption{"vault_domains", unneeded, not_in_files},
    RspamdOption{"vault_path", unneeded, not_in_files},
    RspamdOption{"vault_token", unneeded, not_in_files},
    RspamdOption{"vault_url", unneeded, not_in_files},
    // clang-format on
};

}  // namespace

const RspamdOption* find_rspamd_option(std::string_view name) {
    const auto* const found = std::ranges::find_if(
        table, [&](const RspamdOption& one) { return same_word(one.name, name); });
    return found == table.end() ? nullptr : found;
}

}  // namespace bulla::importers
