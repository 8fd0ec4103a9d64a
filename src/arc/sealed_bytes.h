#pragma once
#include "arc/chain.h"

#include <span>
#include <string>
#include <string_view>

namespace bulla::arc {

/// Appends the canonical form (relaxed) of whole sets in the order in which a seal covers them (RFC 8617 5.1.1).
void append_sets(std::string& out, std::span<const Set> sets);

/// Appends what the seal of `set` covers of the set itself: its fields, the seal with an empty b= (from `value_begin` to `value_end` of the
/// field) and without its last CRLF.
void append_own_set(std::string& out,
                    const Set& set,
                    std::size_t value_begin,
                    std::size_t value_end);

}  // namespace bulla::arc
