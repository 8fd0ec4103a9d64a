#include "importers/opendkim.h"

#include "config/values.h"
#include "dkim/types.h"
#include "importers/opendkim_parts.h"
#include "importers/text.h"

#include <charconv>
#include <fmt/format.h>

namespace bulla::importers {

namespace {

constexpr std::int64_t longest_ttl = std::int64_t{3650} * 86400;

// Booleans differ only if they are on.
bool changes_nothing(const OpendkimValue& value) {
    return value.option->type == OptionType::boolean &&
           std::string_view("fFnN0").contains(value.text.front());
}

void tell_fates(PlanBuilder& plan, const OpendkimConfig& config) {
    for (const auto& value : config.values()) {
        const auto text = fmt::format("{}: {}", value.option->name, value.option->text);
        if (value.option->fate == OptionFate::unneeded) {
            plan.note(value.place, text);
        } else if (value.option->fate == OptionFate::differs && !changes_nothing(value)) {
            plan.differs(value.place, text);
        }
    }
}

std::int64_t read_integer(std::string_view text) {
    const bool is_hex = text.starts_with("0x") || text.starts_with("0X");
    const bool is_octal = !is_hex && text.starts_with('0');
    std::int64_t number = 0;
    text.remove_prefix(is_hex ? 2 : text.starts_with('+') ? 1 : 0);
    std::from_chars(text.data(),
                    text.data() + text.size(),
                    number,
                    is_hex     ? 16
                    : is_octal ? 8
                               : 10);
    return number;
}

std::string read_canonicalization(PlanBuilder& plan, const OpendkimConfig& config) {
    // RFC 6376 3.5: the body's is simple if it is not named, for OpenDKIM as for c=.
    const auto text = lower(config.text("Canonicalization", "simple"));
    const auto pair = dkim::parse_canon_pair(text);
    if (!pair) {
        plan.error(config.place("Canonicalization"),
                   "Canonicalization is to be simple, relaxed or two of them with a slash");
    }
    const auto canon = pair.value_or(dkim::CanonPair{});
    return fmt::format("{}/{}", dkim::to_string(canon.header), dkim::to_string(canon.body));
}

std::string read_expiry(PlanBuilder& plan, const OpendkimConfig& config) {
    std::int64_t seconds = read_integer(config.text("SignatureTTL", "0"));
    if (seconds < 0) {
        plan.error(config.place("SignatureTTL"), "SignatureTTL is below 0");
        seconds = 0;
    } else if (seconds > longest_ttl) {
        plan.differs(config.place("SignatureTTL"), "signatures are good for ten years at most");
        seconds = longest_ttl;
    }
    return config::write_duration(seconds);
}

void check_algorithm(PlanBuilder& plan, const OpendkimConfig& config) {
    const auto name = config.text("SignatureAlgorithm", "rsa-sha256");
    const auto place = config.place("SignatureAlgorithm");
    if (same_word(name, "rsa-sha1")) {
        plan.differs(place, "rsa-sha1 must not be used (RFC 8301 3.1): rsa-sha256 is");
    } else if (!same_word(name, "rsa-sha256") && !same_word(name, "ed25519-sha256")) {
        plan.error(place, "SignatureAlgorithm is none that OpenDKIM 2.11 has");
    }
    const bool is_ed = same_word(name, "ed25519-sha256");
    for (const auto& key : plan.keys()) {
        if ((key.key->public_key().type() == crypto::KeyType::ed25519) != is_ed) {
            plan.differs({.file = key.file},
                         fmt::format("{} holds a key that is not for SignatureAlgorithm {}, with "
                                     "which OpenDKIM makes no good signature: bulla signs as the "
                                     "key's type says",
                                     key.file,
                                     name));
        }
    }
}

void set_domains(PlanBuilder& plan, const OpendkimConfig& config) {
    const auto canon = read_canonicalization(plan, config);
    const auto expiry = read_expiry(plan, config);
    const auto lists = read_opendkim_fields(plan, config);
    for (const auto& domain : plan.domains_with_keys()) {
        plan.set("dkim_canonicalization", canon, domain);
        plan.set("dkim_expiry", expiry, domain);
        plan.set("dkim_signed_headers", join(lists.fields), domain);
        plan.set("dkim_oversign_headers",
                 lists.oversigned.empty() ? "none" : join(lists.oversigned),
                 domain);
    }
}

void trust_hosts(PlanBuilder& plan, const OpendkimConfig& config) {
    const auto set = read_data_set(plan, config, "InternalHosts");
    if (!set) {
        if (config.find("InternalHosts") == nullptr) {
            plan.trust("localhost", config.place("InternalHosts"));
        }
        return;
    }
    bool has_exceptions = false;
    for (const SetEntry& entry : set->entries) {
        has_exceptions = has_exceptions || entry.key.starts_with('!');
    }
    for (const SetEntry& entry : set->entries) {
        if (entry.key.starts_with('!')) {
            plan.differs(entry.place,
                         fmt::format("bulla knows no exceptions such as {}: no network that holds "
                                     "it is taken over, name its parts",
                                     entry.key));
        } else if (const auto network = parse_network(entry.key);
                   has_exceptions && network && network->prefix < (network->is_v4 ? 32 : 128)) {
            plan.differs(
                entry.place,
                fmt::format("{} is not taken over, for the list has exceptions", entry.key));
        } else {
            plan.trust(entry.key, entry.place);
        }
    }
}

void tell_peers(PlanBuilder& plan, const OpendkimConfig& config) {
    if (const auto* peers = config.find("PeerList")) {
        plan.differs(peers->place,
                     "PeerList: OpenDKIM leaves mail of these hosts alone; bulla signs theirs too "
                     "if they log in or are in trusted_networks. Do not send it through bulla");
    }
}

}  // namespace

ImportPlan import_opendkim(const Files& files, const std::string& path) {
    PlanBuilder plan(files);
    const auto config = OpendkimConfig::read(plan, path);
    tell_fates(plan, config);
    const auto mode = config.text("Mode", "sv");
    if (!lower(mode).contains('s')) {
        plan.warn(config.place("Mode"),
                  fmt::format("Mode {} signs nothing: there is nothing to take over", mode));
        return plan.finish();
    }
    if (lower(mode).contains('v')) {
        plan.differs(config.place("Mode"),
                     "OpenDKIM verifies what comes in as well (Mode); bulla does not: leave an "
                     "OpenDKIM with Mode v there if you need Authentication-Results");
    }
    add_opendkim_keys(plan, config);
    check_algorithm(plan, config);
    if (!plan.keys().empty()) {
        set_domains(plan, config);
        trust_hosts(plan, config);
        tell_peers(plan, config);
    }
    return plan.finish();
}

}  // namespace bulla::importers
