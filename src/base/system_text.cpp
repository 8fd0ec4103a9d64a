#include "base/system_text.h"

#include <cstring>

namespace bulla {

std::string system_text(int error) {
    const char* text = strerrordesc_np(error);
    return text != nullptr ? text : "error " + std::to_string(error);
}

}  // namespace bulla
