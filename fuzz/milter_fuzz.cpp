// folders: base names mail milter
// Milter connections: whatever comes, in whatever pieces, the session ends or waits, keeps no more than its limits, and makes the same of the
// bytes in one piece as of them one by one.
#include "mail/message.h"
#include "milter/server_session.h"

#include "target.h"

#include <cstdlib>

namespace {

constexpr std::size_t limit = 4096;

std::string run(std::string_view input, std::size_t piece) {
    bulla::milter::ServerSession session({.message = {.bytes = limit, .header_bytes = limit},
                                          .recipients = 5,
                                          .packet_octets = limit,
                                          .ask_about_envelope = input.size() % 2 == 1,
                                          .hostname = "mx.example"});
    std::string seen;
    while (true) {
        const auto event = session.next();
        if (session.octets() > 4 * limit + piece) {
            std::abort();
        }
        if (event == bulla::milter::Event::closed) {
            return seen + session.take_output();
        }
        if (event == bulla::milter::Event::need_input) {
            if (input.empty()) {
                return seen + session.take_output();
            }
            session.receive(input.substr(0, piece));
            input.remove_prefix(std::min(input.size(), piece));
            continue;
        }
        if (event == bulla::milter::Event::message) {
            auto submission = session.take_message();
            if (!submission.flaw) {
                if (submission.bytes.size() > limit ||
                    submission.bytes.find('\0') != std::string::npos) {
                    std::abort();
                }
                seen += submission.bytes;
            }
        }
        session.answer({});
    }
}

}  // namespace

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (run(input, size + 1) != run(input, 1)) {
        std::abort();
    }
    return 0;
}
