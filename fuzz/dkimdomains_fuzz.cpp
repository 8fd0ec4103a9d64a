// folders: policy
// Hostile dkimdomains files: findings point into the file, and whatever loads can be asked and gives what can be signed with.
#include "policy/dkimdomains.h"
#include "policy/host_list.h"
#include "policy/plan.h"

#include "target.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace policy = bulla::policy;

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto parsed = policy::parse_dkimdomains(text);
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
    for (const auto* list : {&parsed.errors, &parsed.warnings}) {
        for (const auto& one : *list) {
            if (one.line < 1 || one.line > lines || one.column < 1 || one.column > size + 1) {
                std::abort();
            }
        }
    }
    const auto hosts = policy::HostList::parse(text);
    const auto is_ours = [&](const bulla::DomainName& domain) { return hosts.contains(domain); };
    static const std::array senders = {bulla::DomainName::parse("a.b.example.com").value(),
                                       bulla::DomainName::parse("cloud1.com").value()};
    for (const auto& sender : senders) {
        const policy::Entry* entry = parsed.policy.decide(&sender, is_ours);
        (void)policy::explain(entry, &sender);
        if (entry == nullptr) {
            continue;
        }
        const auto& domain = policy::signing_domain(*entry, sender);
        std::string left_out;
        const auto identity =
            policy::decide_identity(*entry, "joe@" + sender.ascii(), domain, left_out);
        const bool never = entry->kind == policy::EntryKind::never;
        if (entry->signatures.size() > 2 || entry->signatures.empty() != never ||
            entry->expire_after < 1 || (identity && !left_out.empty())) {
            std::abort();
        }
    }
    return 0;
}
