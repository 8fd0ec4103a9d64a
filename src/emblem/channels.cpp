#include "emblem/channels.h"

namespace bulla::emblem {

Channels channels_of(const LeafHash& hash) {
    const unsigned mask = hash[2] | ((hash[3] & 0x0fU) << 8U);
    return {.charge = static_cast<Charge>(hash[0] & 0x0fU),
            .field = static_cast<Field>(hash[0] >> 4U),
            .rim = static_cast<Rim>(hash[1] & 0x0fU),
            .roundel = (hash[1] & 0x10U) != 0,
            .counterchanged = (hash[1] & 0x20U) != 0,
            .fillet = static_cast<Fillet>(hash[1] >> 6U),
            .pearls = mask,
            .strands = 2 + ((hash[3] >> 4) & 3),
            .swell = hash[3] >> 6,
            .waves = 12 + (hash[4] & 15),
            .phase = hash[4] >> 4};
}

}  // namespace bulla::emblem
