// folders: dkim
#include "dkim/key_record.h"
#include "dkim/tag_list.h"
#include "dns/answer.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

// A key record as text, and the same bytes as DNS records.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bulla;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    (void)dkim::parse_key_record(bytes);
    (void)dkim::read_quoted(bytes);
    (void)dns::parse_txt(bytes);
    (void)dns::parse_mx(bytes);
    (void)dns::parse_address(bytes);
    return 0;
}
