// folders: dkim
#include "dkim/key_record.h"
#include "dkim/tag_list.h"
#include "dns/answer.h"

#include "target.h"

#include <string_view>

// A key record as text, and the same bytes as DNS records.
extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    (void)bulla::dkim::parse_key_record(bytes);
    (void)bulla::dkim::read_quoted(bytes);
    (void)bulla::dns::parse_txt(bytes);
    (void)bulla::dns::parse_mx(bytes);
    (void)bulla::dns::parse_address(bytes);
    return 0;
}
