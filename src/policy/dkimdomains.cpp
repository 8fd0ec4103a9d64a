#include "policy/dkimdomains.h"

#include <fmt/format.h>

namespace bulla::policy {

namespace {

const Entry* find(const ByName<Entry>& entries, std::string_view name) {
    const auto found = entries.find(name);
    return found == entries.end() ? nullptr : &found->second;
}

}  // namespace

std::string write_finding(std::string_view file, const Finding& finding) {
    return fmt::format("{}:{}:{}: {}", file, finding.line, finding.column, finding.text);
}

const Entry* DkimDomains::decide(const DomainName* sender, const IsOurs& is_ours) const {
    if (sender != nullptr) {
        const std::string_view name = sender->ascii();
        for (const auto* entries : {&never_, &exact_}) {
            if (const Entry* entry = find(*entries, name)) {
                return entry;
            }
        }
        for (std::size_t dot = name.find('.'); dot != std::string_view::npos && !parents_.empty();
             dot = name.find('.', dot + 1)) {
            if (const Entry* entry = find(parents_, name.substr(dot + 1))) {
                return entry;
            }
        }
        if (rcpthosts_ && is_ours(*sender)) {
            return &*rcpthosts_;
        }
    }
    return all_ ? &*all_ : nullptr;
}

std::size_t DkimDomains::size() const {
    return never_.size() + exact_.size() + parents_.size() + (rcpthosts_ ? 1 : 0) + (all_ ? 1 : 0);
}

Result<DkimDomains> read_dkimdomains(std::string_view text, std::string_view file) {
    ParsedPolicy parsed = parse_dkimdomains(text);
    if (!parsed.errors.empty()) {
        return fail("policy.bad", Fault::us, write_finding(file, parsed.errors.front()));
    }
    return std::move(parsed.policy);
}

}  // namespace bulla::policy
