#pragma once
#include "base/error.h"
#include "importers/plan.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::importers {

/// A value of a configuration in UCL, as rspamd writes it: a text (whatever its type), a list or an object.
struct UclValue {
    enum class Kind : std::uint8_t { text, list, object };

    std::string name;  ///< Within an object.
    Kind kind = Kind::text;
    std::string text;
    std::vector<UclValue>
        inside;  ///< Of a list or an object; an object may hold a name more than once.
    Place place;

    /// The last member by that name; null if there is none. Names are the same whatever their case, as rspamd has it.
    [[nodiscard]] const UclValue* find(std::string_view member) const;
};

/// A macro such as .include, which is not followed.
struct UclMacro {
    std::string text;
    Place place;
};

struct UclDocument {
    UclValue root;  ///< An object.
    std::vector<UclMacro> macros;
};

inline constexpr std::size_t most_ucl_values = 100'000;
inline constexpr int most_ucl_depth = 32;

/// Reads the part of UCL that rspamd's files use: `name = value;` with = or : or nothing between, sections `name "key" { … }`, lists,
/// remarks # and /* */, texts in quotes, without them, and <<EOD. Error: import.bad_ucl, with line and column.
[[nodiscard]] Result<UclDocument> parse_ucl(std::string_view text, const std::string& file);

/// Puts the members of `over` in place of those of `base` that have their names; objects of both are merged if `deep`.
void merge_ucl(UclValue& base, const UclValue& over, bool deep);

}  // namespace bulla::importers
