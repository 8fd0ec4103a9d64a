#pragma once
#include "emblem/channels.h"
#include "emblem/geometry.h"

#include <string>

namespace bulla::emblem {

/// `small` is for up to 56 pixels: a larger figure, no band. `large` has the band of guilloche and pearls.
enum class Cut : std::uint8_t { small, large };

enum class SealState : std::uint8_t {
    whole,    ///< Everything was verified.
    cracked,  ///< Something does not verify.
    blank,    ///< Not checked.
};

struct SealLook {
    Cut cut = Cut::large;
    SealState state = SealState::blank;
    Link link = Link::content;  ///< Where a cracked one is broken.
};

/// The seal of a leaf hash as an SVG file of its own: docs/formats/seal.md, octet for octet as the console draws it. Pure.
[[nodiscard]] std::string seal_svg(const LeafHash& hash, const SealLook& look);

}  // namespace bulla::emblem
