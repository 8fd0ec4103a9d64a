// folders: queue
#include "queue/payload.h"

#include "target.h"

#include <cstdlib>
#include <string_view>

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const void* bytes = data;
    const std::string_view input(static_cast<const char*>(bytes), size);
    if (const auto payload = bulla::queue::parse_payload(input)) {
        // What was read is written as something that is read the same way.
        const auto written = bulla::queue::write_payload(*payload);
        const auto again = bulla::queue::parse_payload(written);
        if (!again || bulla::queue::write_payload(*again) != written) {
            std::abort();
        }
    }
    return 0;
}
