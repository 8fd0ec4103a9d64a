// folders: api
// The address of a request: what is accepted holds nothing that could leave its place, and every route takes or refuses it.
#include "api/route.h"

#include "target.h"

#include <algorithm>
#include <cstdlib>
#include <span>
#include <string>

namespace api = bulla::api;

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const auto target = api::parse_target({reinterpret_cast<const char*>(data), size});
    if (!target) {
        return 0;
    }
    for (const std::string& segment : target->segments) {
        const bool bad = segment == ".." || segment == "." ||
                         segment.find_first_of("/\\") != std::string::npos ||
                         !api::is_utf8(segment) ||
                         std::ranges::any_of(segment, [](char c) { return c >= 0 && c < ' '; });
        if (bad) {
            std::abort();
        }
    }
    for (const api::Route& route : api::list_routes()) {
        auto match = api::match_route(route.method, target->segments);
        if (match.route != nullptr && api::add_query(*match.route, *target, match.arguments)) {
            static_cast<void>(match.arguments.dump());
        }
    }
    return 0;
}
