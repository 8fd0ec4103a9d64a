#pragma once
#include "emblem/channels.h"

#include <string>
#include <vector>

namespace bulla::emblem {

/// The links of the chain that a verification checks; a crack stands at 0°, 72°, 144°, 216° or 288°.
enum class Link : std::uint8_t { content, signature, leaf, tree, checkpoint };

[[nodiscard]] std::string rim_path(Rim rim);
/// Where the second tone lies, within `radius`; empty for a plain field.
[[nodiscard]] std::string field_path(Field field, double radius);
/// A path for each strand of the band.
[[nodiscard]] std::vector<std::string> guilloche(const Channels& channels);
/// The pearls, or the points where none is.
[[nodiscard]] std::string ring_of_pearls(const Channels& channels, bool pearl, double radius);
/// A jagged wedge, open at the rim, that runs past the middle.
[[nodiscard]] std::string crack_path(Link link);

}  // namespace bulla::emblem
