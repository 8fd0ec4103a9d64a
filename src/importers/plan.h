#pragma once
#include "crypto/key.h"
#include "names/domain.h"
#include "names/ip.h"
#include "names/selector.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::importers {

/// error: something could not be read or taken over, and less would be signed than before. warning: taken over, but look at it. differs: works
/// otherwise in bulla. note: has no counterpart and needs none.
enum class Severity : std::uint8_t { error, warning, differs, note };

[[nodiscard]] std::string_view to_string(Severity severity);

/// Where in the old configuration. Lines and columns count from 1, columns are octets; line 0: the file as a whole.
struct Place {
    std::string file{};
    std::size_t line = 0;
    std::size_t column = 0;
};

/// One sentence about it. Never holds key material or a password; its words may be hostile (see cli::printable).
struct Finding {
    Severity severity = Severity::note;
    Place place;
    std::string text;
};

/// "FILE:LINE:COLUMN: text"; without what is not known.
[[nodiscard]] std::string write_finding(const Finding& finding);

/// A key for the mail of `domain`, which is also its d=.
struct PlannedKey {
    DomainName domain;
    Selector selector;
    std::string file;  ///< Where it was read.
    std::shared_ptr<const crypto::PrivateKey> key;
    bool active = true;  ///< Signs; else it waits, for another of its type signs.
};

/// A setting of bulla, its value in the form of directory::parse_setting.
struct PlannedSetting {
    std::string name;
    std::string value;
    std::optional<DomainName> domain;  ///< Whose; nothing: the server's.
};

/// All that is to be done, and all there is to say.
struct ImportPlan {
    std::vector<DomainName> domains;  ///< Those that the instance has to serve, each once.
    std::vector<PlannedKey> keys;
    std::vector<PlannedSetting> settings;
    std::vector<Cidr> trusted;  ///< To be added to trusted_networks.
    std::vector<Finding> findings;
    std::size_t more_findings = 0;  ///< Those beyond the limit.

    [[nodiscard]] std::size_t count(Severity severity) const;
};

}  // namespace bulla::importers
