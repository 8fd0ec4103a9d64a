#include "base/secret.h"

#include <cstring>

namespace bulla {

void wipe(void* data, std::size_t size) {
    if (size > 0) {
        explicit_bzero(data, size);
    }
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    unsigned difference = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto other = b.empty() ? '\0' : b[i % b.size()];
        difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(other);
    }
    return difference == 0;
}

}  // namespace bulla
