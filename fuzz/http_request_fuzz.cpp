// folders: api
// A connection's octets: what is read must not depend on how they were cut, and limits hold.
#include "api/request_parser.h"

#include "target.h"

#include <cstdlib>
#include <string>
#include <string_view>

namespace {

namespace api = bulla::api;

constexpr std::uint64_t body_limit = 4096;
constexpr api::RequestLimits limits{.head_bytes = 2048, .target_bytes = 512, .fields = 20};

void check(bool good) {
    if (!good) {
        std::abort();
    }
}

void describe(std::string& out, api::RequestParser& parser) {
    const api::RequestHead& head = parser.head();
    check(head.target.size() <= limits.target_bytes && head.fields.size() <= limits.fields);
    out += std::string(api::name_of(head.method)) + " " + head.target + " " + head.host;
    for (const api::Field& field : head.fields) {
        check(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
        out += "|" + field.name + ":" + field.value;
    }
    const std::string body = parser.take_body();
    check(body.size() <= body_limit);
    out += "\n" + body + "\n";
}

std::string read(std::string_view bytes, std::size_t piece) {
    std::string out;
    api::RequestParser parser(limits);
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        auto result = parser.feed(bytes.substr(at, piece));
        bool going = true;
        while (going && result) {
            going = false;
            if (parser.is_done()) {
                describe(out, parser);
                result = parser.next();
                going = true;
            } else if (parser.has_head() && parser.body_bytes() == 0) {
                result = parser.accept_body(body_limit);
                going = result && parser.is_done();
            }
        }
        if (!result) {
            return out + "!" + (parser.has_head() ? "body" : "head");
        }
    }
    return out;
}

}  // namespace

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    if (size < 1) {
        return 0;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    check(read(bytes, bytes.size() + 1) == read(bytes, 1 + data[0] % 64));
    return 0;
}
