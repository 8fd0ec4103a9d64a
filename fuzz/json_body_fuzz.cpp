// folders: api
// The body of a request: whatever is accepted is one object that can be written, and reads as the same again.
#include "api/json_body.h"

#include "target.h"

#include <cstdlib>
#include <string>

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto value = bulla::api::parse_json_body(text);
    if (!value) {
        return 0;
    }
    const auto again = bulla::api::parse_json_body(value->dump());
    if (!value->is_object() || !again || *again != *value) {
        std::abort();
    }
    return 0;
}
