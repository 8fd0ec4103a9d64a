// folders: names
// What parses must come back the same from its own text, and within the limits.
#include "names/address_literal.h"
#include "names/mailbox.h"

#include "target.h"

#include <cstdlib>

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto mailbox = bulla::Mailbox::parse(text);
    if (mailbox && bulla::has_address_literal(text)) {
        std::abort();
    }
    if (mailbox) {
        const auto again = bulla::Mailbox::parse(mailbox->text());
        if (!again || *again != *mailbox || mailbox->local().size() > 64 ||
            mailbox->text().find_first_of("\r\n") != std::string::npos) {
            std::abort();
        }
    }
    return 0;
}
