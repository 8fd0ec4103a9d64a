#include "importers/key_paths.h"

#include "importers/text.h"
#include "names/domain.h"

namespace bulla::importers {

Result<std::vector<std::string>> find_domains(const Files& files,
                                              std::string_view path,
                                              std::string_view mark) {
    std::vector<std::string> out;
    const std::size_t at = path.find(mark);
    if (mark.empty() || at == std::string_view::npos) {
        return out;
    }
    const auto before = path.substr(0, at);
    const auto after = path.substr(at + mark.size());
    const std::size_t slash = before.rfind('/');
    const auto prefix = slash == std::string_view::npos ? before : before.substr(slash + 1);
    const auto suffix = after.substr(0, after.find('/'));
    const std::string folder(slash == std::string_view::npos ? "."
                             : slash == 0                    ? "/"
                                                             : before.substr(0, slash));
    BULLA_TRY(names, files.list(folder));
    for (std::string_view name : names) {
        if (!name.starts_with(prefix) || !name.ends_with(suffix) ||
            name.size() <= prefix.size() + suffix.size()) {
            continue;
        }
        name = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
        const auto domain = DomainName::parse(name);
        // A name of one label is hardly a domain that mail is from.
        if (domain && domain->ascii() == name && name.contains('.') &&
            files.exists(replace_all(path, mark, name))) {
            out.emplace_back(name);
        }
    }
    return out;
}

}  // namespace bulla::importers
