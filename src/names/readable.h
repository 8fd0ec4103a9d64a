#pragma once
#include <string>
#include <string_view>

namespace bulla {

/// Whether a U-label in UTF-8 can be shown to people without being taken for another: its characters are those that UTS #39 recommends for
/// identifiers, of one script or of those that are written together (its level "highly restrictive", as Japanese has three), without what
/// cannot be seen, and it does not look like ASCII as a whole ("аррӏе" in Cyrillic does). What it does not find: likeness to some other name
/// in the same script, as "ḅücher" to "bücher". Any thread.
[[nodiscard]] bool is_readable_label(std::string_view label);

/// A domain in A-labels for people: the labels that is_readable_label() passes as U-labels, the others as they are.
[[nodiscard]] std::string make_readable(const std::string& ascii);

}  // namespace bulla
