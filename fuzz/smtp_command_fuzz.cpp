// folders: base names mail smtp
// A whole session: what is said must not depend on how the octets were cut, and the session must come to rest.
#include "smtp/test_driver.h"

#include "target.h"

#include <cstdlib>

namespace smtp = bulla::smtp;

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::uint8_t flags = data[0];
    const std::size_t piece = 1 + data[1] % 32;
    const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
    smtp::ServerOptions options = smtp::test_options();
    options.limits.data.message_bytes = 4096;
    options.limits.data.repair = (flags & 1) != 0;
    options.starttls = (flags & 2) != 0;
    options.auth = (flags & 4) != 0;
    options.proxy = (flags & 8) != 0;
    options.tls_summary = (flags & 16) != 0 ? "TLSv1.3" : "";
    const smtp::ClientFacts facts{.name = "", .may_forward = (flags & 32) != 0};
    smtp::TestDriver whole(options, facts);
    smtp::TestDriver cut(options, facts);
    const std::string said = whole.output + whole.say(input);
    const std::string said_cut = cut.output + cut.say(input, piece);
    // STARTTLS drops what came in the same piece, so there the cut may matter.
    if (!options.starttls && (said != said_cut || whole.messages.size() != cut.messages.size())) {
        std::abort();
    }
    for (const auto& message : whole.messages) {
        if (message.text.bytes.size() > 4096 || message.envelope.recipients.empty()) {
            std::abort();
        }
    }
    return 0;
}
