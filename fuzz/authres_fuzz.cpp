// folders: authres
#include "authres/forged.h"
#include "authres/parse.h"
#include "authres/write.h"

#include "target.h"

#include <cstdlib>
#include <string>

namespace authres = bulla::authres;

// The value of an Authentication-Results field. What is written of it can be read, and is written the same again.
extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string own = "mx.example.org";
    (void)authres::claims_own_id(text, std::span(&own, 1));
    const auto results = authres::parse_results(text);
    if (!results) {
        return 0;
    }
    const std::string once = authres::write_results(*results, 0, {.utf8 = true});
    // What cutting and cleaning leave may be longer than the parser's limits; within them it must be readable.
    const auto again = authres::parse_results(once, {.max_octets = 1 << 20});
    if (!again || authres::write_results(*again, 0, {.utf8 = true}) != once) {
        std::abort();
    }
    return 0;
}
