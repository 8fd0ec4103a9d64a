#pragma once
#include "emblem/channels.h"

namespace bulla::emblem {

/// The figure in the middle, in a square from -12 to 12, y downwards; filled by the even-odd rule.
[[nodiscard]] std::string charge_path(Charge charge);

}  // namespace bulla::emblem
