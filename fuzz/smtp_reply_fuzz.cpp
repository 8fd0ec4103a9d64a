// folders: base smtp
// Replies of a server: limits hold, cuts do not matter, and what is written is read again.
#include "smtp/reply_reader.h"

#include "target.h"

#include <cstdlib>
#include <string>
#include <vector>

namespace {

std::vector<bulla::smtp::Reply> read(std::string_view input, std::size_t piece) {
    bulla::smtp::ReplyReader reader;
    std::vector<bulla::smtp::Reply> replies;
    while (!input.empty()) {
        reader.receive(input.substr(0, piece));
        input.remove_prefix(std::min(piece, input.size()));
        for (;;) {
            const auto reply = reader.next();
            if (!reply) {
                return replies;
            }
            if (!*reply) {
                break;
            }
            replies.push_back(**reply);
        }
    }
    return replies;
}

}  // namespace

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    if (size < 1) {
        return 0;
    }
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = read(input, input.size() + 1);
    if (whole != read(input, 1 + data[0] % 16)) {
        std::abort();
    }
    for (const auto& reply : whole) {
        std::string out;
        bulla::smtp::write_reply(out, reply);
        const auto again = read(out, out.size());
        if (again.size() != 1 || again[0].code != reply.code) {
            std::abort();
        }
    }
    return 0;
}
