#pragma once
#include "base/error.h"
#include "dkim/types.h"
#include "names/domain.h"
#include "names/selector.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bulla::policy {

/// Something to say about a line of a file. Lines and columns count from 1; columns are octets.
struct Finding {
    std::size_t line = 0;
    std::size_t column = 0;
    std::string text;
};

/// "FILE:LINE:COLUMN: text".
[[nodiscard]] std::string write_finding(std::string_view file, const Finding& finding);

/// Whom an entry is for, in order of precedence but for `never`, which holds for a domain before its own entry.
enum class EntryKind : std::uint8_t { never, exact, parent, rcpthosts, all };

/// What `i=` is to be.
enum class IdentityKind : std::uint8_t { none, sender, fixed };

/// One signature of an entry.
struct PlannedSignature {
    Selector selector;
    dkim::Algorithm algorithm = dkim::Algorithm::rsa_sha256;
};

/// One line of dkimdomains, its defaults filled in.
struct Entry {
    EntryKind kind = EntryKind::all;
    IdentityKind identity_kind = IdentityKind::none;
    bool with_body_length = false;
    dkim::CanonPair canon{.header = dkim::Canon::relaxed, .body = dkim::Canon::relaxed};
    std::size_t line = 0;
    std::int64_t expire_after = 604800;        ///< Seconds from t= to x=.
    std::vector<PlannedSignature> signatures;  ///< One or two, RSA first; none for `never`.
    std::optional<DomainName> sdid;            ///< d=; nothing: the domain of the key's directory.
    std::string identity;                      ///< i= if `fixed`.
};

/// Limits on a file: what is larger is refused as a whole.
struct PolicyLimits {
    std::size_t most_octets = std::size_t{32} << 20;
    std::size_t most_entries = 500'000;
    std::size_t longest_line = 2000;
    std::size_t most_findings = 100;  ///< Errors and warnings each; the rest is only counted.
};

/// Hashes texts and views alike, so that a look-up makes no string.
struct TextHash {
    using is_transparent = void;

    [[nodiscard]] std::size_t operator()(std::string_view text) const {
        return std::hash<std::string_view>{}(text);
    }
};

template <class Value>
using ByName = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

/// Says whether a sender's domain is one of ours: `rcpthosts`, or the domains of an instance.
using IsOurs = std::function<bool(const DomainName&)>;

/// A policy that was read without an error. Immutable; may be read from any thread.
class DkimDomains {
  public:
    /// The entry for mail whose envelope sender is in `sender`: that of the domain itself (`!` first), else of its nearest `.parent`, else
    /// `=:` if `is_ours` says so, else `*:`. Null for `sender`: the empty reverse-path, for which only `*:` counts. Null if no entry is for
    /// it. Takes less than 2 µs. The pointer lives as long as the policy.
    [[nodiscard]] const Entry* decide(const DomainName* sender, const IsOurs& is_ours) const;

    [[nodiscard]] std::size_t size() const;

  private:
    friend class PolicyReader;

    ByName<Entry> never_;
    ByName<Entry> exact_;
    ByName<Entry> parents_;
    std::optional<Entry> rcpthosts_;
    std::optional<Entry> all_;
};

/// What came of reading a file. With an error, `policy` must not be used.
struct ParsedPolicy {
    DkimDomains policy;
    std::vector<Finding> errors;
    std::vector<Finding> warnings;
    std::size_t more_findings = 0;  ///< Those beyond the limit.
};

/// Reads `text`: lines `domain:selector[,selector2]|sdid|auid or ~|expire|c:z:l` with `domain`, `.domain`, `!domain`, `=` or `*` in front of
/// the first colon, in the syntax of s/qmail's control/dkimdomains. Empty lines and those that begin with `#` are left out, as is white
/// space at the end of a line. May be called from any thread.
[[nodiscard]] ParsedPolicy parse_dkimdomains(std::string_view text,
                                             const PolicyLimits& limits = {});

/// The same for one who needs a policy or nothing: the first error, with `file`, line and column. Error: policy.bad.
[[nodiscard]] Result<DkimDomains> read_dkimdomains(std::string_view text, std::string_view file);

}  // namespace bulla::policy
