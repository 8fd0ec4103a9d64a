#include "authres/collect.h"

#include "authres/parse.h"

#include <utility>

namespace bulla::authres {

Results collect_results(const mail::Message& message, std::string_view authserv_id) {
    constexpr std::size_t most_methods = ParseLimits{}.max_methods;
    Results out{.authserv_id = std::string(authserv_id)};
    for (const mail::FieldSpan& span : message.fields()) {
        if (!mail::equal_ignoring_case(message.name(span), "Authentication-Results")) {
            continue;
        }
        auto read = parse_results(message.value(span));
        if (!read || !mail::equal_ignoring_case(read->authserv_id, authserv_id)) {
            continue;
        }
        for (MethodResult& method : read->methods) {
            if (out.methods.size() < most_methods) {
                out.methods.push_back(std::move(method));
            }
        }
    }
    return out;
}

}  // namespace bulla::authres
