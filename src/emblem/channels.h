#pragma once
#include <array>
#include <bitset>
#include <cstdint>
#include <string>

namespace bulla::emblem {

/// An RFC 9162 leaf hash, as it stands in the log.
using LeafHash = std::array<std::uint8_t, 32>;

// The enumerators stand in the order of docs/formats/seal.md: their numbers are the bits.

enum class Charge : std::uint8_t {
    cross,
    saltire,
    star,
    sun,
    crescent,
    tower,
    key,
    bell,
    lozenge,
    ring,
    quatrefoil,
    lily,
    arrowhead,
    crown,
    anchor,
    heart,
};
enum class Field : std::uint8_t {
    plain,
    pale,
    fess,
    bend,
    bend_sinister,
    quarterly,
    saltire,
    gyronny,
    paly,
    barry,
    bendy,
    bendy_sinister,
    chief,
    pile,
    tierced,
    bordure,
};
enum class Rim : std::uint8_t {
    round,
    hexagon,
    hexagon_upright,
    octagon,
    square,
    lozenge,
    scallop_6,
    scallop_8,
    scallop_12,
    engrailed_6,
    engrailed_8,
    engrailed_12,
    indented_8,
    indented_12,
    indented_20,
    pentagon,
};
enum class Fillet : std::uint8_t { none, thin, thick, twofold };

/// What of a hash is drawn.
struct Channels {
    Charge charge{};
    Field field{};
    Rim rim{};
    bool roundel = false;         ///< The charge stands dark on a light disc.
    bool counterchanged = false;  ///< The two tones of the field change places.
    Fillet fillet{};
    std::bitset<12> pearls{};  ///< From twelve o'clock on: a pearl, or a point.
    int strands = 2, swell = 0, waves = 12, phase = 0;
};

[[nodiscard]] Channels channels_of(const LeafHash& hash);

}  // namespace bulla::emblem
