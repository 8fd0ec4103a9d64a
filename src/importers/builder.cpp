#include "importers/builder.h"

#include "dkim/keygen.h"
#include "importers/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace bulla::importers {

namespace {

constexpr std::size_t most_key_octets = 65536;
constexpr std::size_t short_key_bits = 2048;
// A network as wide as that is no network of one's own: whoever is in it could relay.
constexpr int least_v4_prefix = 8;
constexpr int least_v6_prefix = 16;

std::string_view type_word(const PlannedKey& key) {
    return crypto::to_string(key.key->public_key().type());
}

}  // namespace

void PlanBuilder::say(Severity severity, Place place, std::string text) {
    if (plan_.findings.size() >= most_findings) {
        ++plan_.more_findings;
        // What stands in the way of a plan must not be lost behind remarks.
        const auto found = std::ranges::find_if(
            plan_.findings, [](const Finding& one) { return one.severity != Severity::error; });
        if (severity != Severity::error || found == plan_.findings.end()) {
            return;
        }
        plan_.findings.erase(found);
    }
    plan_.findings.push_back(
        {.severity = severity, .place = std::move(place), .text = std::move(text)});
}

void PlanBuilder::add_domain(const DomainName& domain) {
    if (domains_.size() < most_keys && domains_.insert(domain).second) {
        plan_.domains.push_back(domain);
    }
}

PlanBuilder::LoadedKey PlanBuilder::load(const std::string& path) const {
    BULLA_TRY(text, files_.read(path, most_key_octets));
    auto key = parse_key_text(text.view());
    if (!key) {
        return fail(key.error().code, key.error().fault, path + ": " + key.error().text);
    }
    return std::shared_ptr<const crypto::PrivateKey>(*std::move(key));
}

bool PlanBuilder::add_key(const KeyName& name, const std::string& path, const Place& place) {
    auto found = loaded_.find(path);
    if (found == loaded_.end()) {
        found = loaded_.emplace(path, load(path)).first;
    }
    const bool kept = keep(name, path, found->second, place);
    if (kept && files_.is_open_to_others(path) && !std::exchange(said_open_[path], true)) {
        warn(place,
             fmt::format("{} holds a private key, and its mode lets others than its owner at it: "
                         "if somebody could have read it, rotate the key (bulla dkim rotate)",
                         path));
    }
    return kept;
}

bool PlanBuilder::add_key_text(const KeyName& name, std::string_view text, const Place& place) {
    auto key = parse_key_text(text);
    return keep(name,
                place.file,
                key ? LoadedKey(*std::move(key)) : LoadedKey(std::unexpected(key.error())),
                place);
}

bool PlanBuilder::keep(const KeyName& name,
                       const std::string& file,
                       const LoadedKey& key,
                       const Place& place) {
    auto domain = DomainName::parse(name.domain);
    auto selector = Selector::parse(name.selector);
    if (!domain || !selector) {
        error(place,
              fmt::format("\"{}\" is no {}",
                          domain ? name.selector : name.domain,
                          domain ? "selector" : "domain"));
        return false;
    }
    if (!key) {
        error(place, key.error().text);
        return false;
    }
    if (names_.contains({*domain, *selector})) {
        return is_the_same(*domain, *selector, file, (*key)->public_key(), place);
    }
    if (plan_.keys.size() >= most_keys) {
        error(place, fmt::format("there are more than {} keys: the rest is left out", most_keys));
        return false;
    }
    const auto& half = (*key)->public_key();
    const bool is_rsa = half.type() == crypto::KeyType::rsa;
    if (!is_rsa && half.type() != crypto::KeyType::ed25519) {
        error(place,
              fmt::format("{} holds a key of type {}, and DKIM signs with rsa and ed25519",
                          file,
                          crypto::to_string(half.type())));
        return false;
    }
    if (is_rsa && half.bits() > static_cast<std::size_t>(dkim::most_key_bits)) {
        error(place,
              fmt::format("{} holds a key of {} bits, and not all receivers check more than {} "
                          "(RFC 8301 3.2): make another",
                          file,
                          half.bits(),
                          dkim::most_key_bits));
        return false;
    }
    if (is_rsa && half.bits() < short_key_bits) {
        warn(place,
             fmt::format("{} holds a key of {} bits: it is taken, but rotate it soon to {} "
                         "(RFC 8301 3.2)",
                         file,
                         half.bits(),
                         short_key_bits));
    }
    add_domain(*domain);
    names_.emplace(*domain, *selector);
    plan_.keys.push_back({.domain = *domain, .selector = *selector, .file = file, .key = *key});
    return true;
}

bool PlanBuilder::is_the_same(const DomainName& domain,
                              const Selector& selector,
                              const std::string& file,
                              const crypto::PublicKey& key,
                              const Place& place) {
    const auto first = std::ranges::find_if(plan_.keys, [&](const PlannedKey& one) {
        return one.domain == domain && one.selector == selector;
    });
    if (first == plan_.keys.end() || first->key->public_key().fingerprint() == key.fingerprint()) {
        return true;
    }
    error(place,
          fmt::format("{} and {} hold different keys for {}._domainkey.{}: leave the one whose "
                      "record is published",
                      first->file,
                      file,
                      selector.text(),
                      domain.ascii()));
    return false;
}

void PlanBuilder::set(std::string name, std::string value, std::optional<DomainName> domain) {
    plan_.settings.push_back(
        {.name = std::move(name), .value = std::move(value), .domain = std::move(domain)});
}

void PlanBuilder::trust(std::string_view word, const Place& place) {
    if (same_word(word, "localhost")) {
        trust("127.0.0.1", place);
        return trust("::1", place);
    }
    const auto network = parse_network(word);
    if (!network) {
        return differs(
            place,
            fmt::format("\"{}\" is a name: bulla trusts addresses and networks alone. "
                        "Add its address to trusted_networks if its mail is to be signed",
                        word));
    }
    if (network->prefix < (network->is_v4 ? least_v4_prefix : least_v6_prefix)) {
        return differs(place,
                       fmt::format("{} is not taken over: who is in trusted_networks may relay, "
                                   "and this is everybody. Name your own networks",
                                   network->block.text()));
    }
    if (std::ranges::find(plan_.trusted, network->block) != plan_.trusted.end()) {
        return;
    }
    if (plan_.trusted.size() >= most_trusted) {
        return error(place, fmt::format("there are more than {} networks", most_trusted));
    }
    plan_.trusted.push_back(network->block);
}

std::vector<DomainName> PlanBuilder::domains_with_keys() const {
    std::vector<DomainName> out;
    std::set<DomainName> seen;
    for (const auto& key : plan_.keys) {
        if (seen.insert(key.domain).second) {
            out.push_back(key.domain);
        }
    }
    return out;
}

ImportPlan PlanBuilder::finish() {
    std::map<std::pair<DomainName, std::string_view>, const PlannedKey*> signing;
    for (auto& key : plan_.keys) {
        const auto [first, is_first] = signing.emplace(std::pair(key.domain, type_word(key)), &key);
        key.active = is_first;
        if (!is_first) {
            differs({.file = key.file},
                    fmt::format("{} has two {} keys and bulla signs with one of a type: {} signs, "
                                "{} waits (bulla dkim activate)",
                                key.domain.ascii(),
                                type_word(key),
                                first->second->selector.text(),
                                key.selector.text()));
        }
    }
    return std::move(plan_);
}

}  // namespace bulla::importers
