// folders: names
// What parses must come back the same from its canonical text, and a block holds its own base.
#include "names/ip.h"

#include "target.h"

#include <cstdlib>

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (const auto ip = bulla::Ip::parse(text)) {
        const auto again = bulla::Ip::parse(ip->text());
        if (!again || *again != *ip) {
            std::abort();
        }
    }
    if (const auto block = bulla::Cidr::parse(text)) {
        const auto again = bulla::Cidr::parse(block->text());
        const auto base = bulla::Ip::parse(text.substr(0, text.find('/')));
        if (!again || *again != *block || !base || !block->contains(*base)) {
            std::abort();
        }
    }
    return 0;
}
