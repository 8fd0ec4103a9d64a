// folders: base names smtp
// PROXY headers: the length lies within the input, and every shorter input wants more.
#include "smtp/proxy.h"

#include "target.h"

#include <cstdlib>

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto header = bulla::smtp::parse_proxy(input);
    if (!header || !*header) {
        return 0;
    }
    if ((*header)->length > size || (*header)->length == 0) {
        std::abort();
    }
    const auto partial = bulla::smtp::parse_proxy(input.substr(0, (*header)->length - 1));
    if (!partial || *partial) {
        std::abort();
    }
    return 0;
}
