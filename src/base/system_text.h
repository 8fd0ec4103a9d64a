#pragma once
#include <string>

namespace bulla {

/// What errno `error` means, in English whatever the locale: "No such file or directory". Any thread, unlike strerror(3).
[[nodiscard]] std::string system_text(int error);

}  // namespace bulla
