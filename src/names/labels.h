#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace bulla {

/// The comparable form of a sequence of DNS labels, ASCII or UTF-8: A-labels in lower case without a trailing dot. Labels hold letters,
/// digits, inner hyphens and underscores, 1 to 63 octets each, `limit` octets in all. nullopt if `text` is no such thing.
/// Plain ASCII never reaches ICU.
[[nodiscard]] std::optional<std::string> normalize_labels(std::string_view text, std::size_t limit);

/// The form for people of what normalize_labels made; labels that cannot be shown stay A-labels.
[[nodiscard]] std::string labels_to_unicode(const std::string& ascii);

}  // namespace bulla
