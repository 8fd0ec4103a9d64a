#include "policy/host_list.h"

namespace bulla::policy {

HostList HostList::parse(std::string_view text) {
    HostList list;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        while (line.ends_with(' ') || line.ends_with('\t')) {
            line.remove_suffix(1);
        }
        const bool below = line.starts_with('.');
        if (const auto domain = DomainName::parse(line.substr(below ? 1 : 0))) {
            (below ? list.parents_ : list.exact_).emplace(domain->ascii(), 1);
        }
    }
    return list;
}

bool HostList::contains(const DomainName& domain) const {
    const std::string_view name = domain.ascii();
    if (exact_.contains(name)) {
        return true;
    }
    for (std::size_t dot = name.find('.'); dot != std::string_view::npos && !parents_.empty();
         dot = name.find('.', dot + 1)) {
        if (parents_.contains(name.substr(dot + 1))) {
            return true;
        }
    }
    return false;
}

}  // namespace bulla::policy
