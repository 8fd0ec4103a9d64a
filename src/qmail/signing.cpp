#include "qmail/signing.h"

#include "dkim/verify.h"
#include "policy/plan.h"

#include <fmt/format.h>
#include <utility>

namespace bulla::qmail {

namespace {

struct Found {
    DomainName directory;
    std::shared_ptr<crypto::PrivateKey> key;
};

std::string_view trim(std::string_view text) {
    const auto end = text.find_last_not_of(" \t\r\n");
    return end == std::string_view::npos ? std::string_view{} : text.substr(0, end + 1);
}

// DK-02: "can't read private file: <file> continue without signing."
std::string cannot_read(const DomainName& directory, const Selector& selector, const Error& why) {
    return fmt::format(
        "can't read private file: ssl/domainkeys/{}/{} continue without signing. ({})",
        directory.ascii(),
        selector.text(),
        why.text);
}

std::optional<Found> find_key(Machine& machine,
                              const std::vector<DomainName>& directories,
                              const policy::PlannedSignature& planned,
                              Signed& out) {
    for (const auto& directory : directories) {
        if (!machine.has_key_directory(directory)) {
            continue;
        }
        auto key = machine.load_key(directory, planned.selector, planned.algorithm);
        if (!key) {
            out.missed.push_back(cannot_read(directory, planned.selector, key.error()));
            return std::nullopt;
        }
        return Found{directory, *std::move(key)};
    }
    out.missed.push_back(
        directories.empty()
            ? std::string("can't read private file: there is no sender and no control/me, "
                          "continue without signing.")
            : cannot_read(directories.front(),
                          planned.selector,
                          {.code = "", .text = "there is no directory of keys for it"}));
    return std::nullopt;
}

// What was just signed is verified on the very bytes that leave.
bool verifies(const std::string& fields,
              const mail::Message& message,
              const std::vector<dkim::OwnKey>& keys,
              Time now) {
    const auto results = dkim::self_check(fields, message, keys, now);
    if (!results || results->size() != keys.size()) {
        return false;
    }
    for (const auto& result : *results) {
        if (result.verdict != Verdict::pass) {
            return false;
        }
    }
    return true;
}

}  // namespace

Result<std::optional<Control>> load_control(Machine& machine) {
    BULLA_TRY(text, machine.read_file("control/dkimdomains"));
    if (!text) {
        return std::optional<Control>{};
    }
    Control control;
    BULLA_TRY(domains, policy::read_dkimdomains(*text, "control/dkimdomains"));
    control.domains = std::move(domains);
    BULLA_TRY(hosts, machine.read_file("control/rcpthosts"));
    control.rcpthosts = policy::HostList::parse(hosts.value_or(""));
    BULLA_TRY(me, machine.read_file("control/me"));
    if (me) {
        if (auto domain = DomainName::parse(trim(*me))) {
            control.me = *std::move(domain);
        }
    }
    return std::optional(std::move(control));
}

Decision decide(const Control& control, std::string_view sender) {
    Decision decision;
    if (sender != "#@[]") {
        decision.sender = sender;
    }
    if (const auto at = decision.sender.rfind('@'); at != std::string::npos) {
        if (auto domain = DomainName::parse(decision.sender.substr(at + 1))) {
            decision.domain = *std::move(domain);
        }
    }
    const auto is_ours = [&](const DomainName& domain) {
        return control.rcpthosts.contains(domain);
    };
    const auto* entry =
        control.domains.decide(decision.domain ? &*decision.domain : nullptr, is_ours);
    const bool never = entry != nullptr && entry->kind == policy::EntryKind::never;
    decision.entry = never ? nullptr : entry;
    return decision;
}

Signed sign(Machine& machine,
            const Control& control,
            const Decision& decision,
            const mail::Message& message,
            Time now) {
    Signed out;
    const auto directories =
        policy::key_directories(decision.domain ? &*decision.domain : nullptr, control.me);
    std::vector<dkim::SignOptions> options;
    std::vector<dkim::OwnKey> keys;
    for (const auto& planned : decision.entry->signatures) {
        const auto found = find_key(machine, directories, planned, out);
        if (!found) {
            continue;
        }
        std::string left_out;
        options.push_back(policy::make_sign_options(*decision.entry,
                                                    planned,
                                                    found->directory,
                                                    decision.sender,
                                                    found->key,
                                                    now,
                                                    left_out));
        if (!left_out.empty()) {
            out.missed.push_back(left_out);
        }
        keys.push_back({.domain = options.back().domain,
                        .selector = planned.selector,
                        .key = found->key->public_key()});
    }
    if (options.empty()) {
        return out;
    }
    auto fields = dkim::sign(message, options);
    if (!fields) {
        out.missed.push_back("continue without signing: " + fields.error().text);
    } else if (!verifies(*fields, message, keys, now)) {
        out.missed.emplace_back(
            "continue without signing: the signature just made does not verify");
    } else {
        out.fields = *std::move(fields);
    }
    return out;
}

}  // namespace bulla::qmail
