#include "api/json_body.h"
#include "api/route.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace bulla::api {

namespace {

using nlohmann::json;

constexpr std::size_t max_list = 100;

std::string_view take(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view out = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return out;
}

// "{name:argument}" → argument, "{name}" → name; "" for a segment that stands for itself.
std::string_view argument_of(std::string_view segment) {
    if (!segment.starts_with('{')) {
        return {};
    }
    segment = segment.substr(1, segment.size() - 2);
    const std::size_t colon = segment.find(':');
    return colon == std::string_view::npos ? segment : segment.substr(colon + 1);
}

bool matches(std::string_view path, std::span<const std::string> segments, json& arguments) {
    path.remove_prefix(1);
    std::size_t i = 0;
    while (!path.empty()) {
        const std::string_view segment = take(path, '/');
        if (i == segments.size()) {
            return false;
        }
        if (const std::string_view name = argument_of(segment); !name.empty()) {
            if (segments[i].empty()) {
                return false;
            }
            arguments[std::string(name)] = segments[i];
        } else if (segment != segments[i]) {
            return false;
        }
        ++i;
    }
    return i == segments.size();
}

std::unexpected<Error> bad_parameter(std::string_view name, std::string_view why) {
    return std::unexpected(
        Error{.code = "http.bad_parameter",
              .fault = Fault::sender,
              .text = fmt::format("The parameter \"{}\" {}.", name.substr(0, 100), why),
              .field = std::string(name.substr(0, 100))});
}

enum class Kind { unknown, text, whole, flag, list };

Kind kind_of(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        std::string_view item = take(query, ' ');
        const std::string_view item_name = take(item, ':');
        if (item_name == name) {
            return item == "whole"  ? Kind::whole
                   : item == "flag" ? Kind::flag
                   : item == "list" ? Kind::list
                                    : Kind::text;
        }
    }
    return Kind::unknown;
}

Result<json> read_value(Kind kind, std::string_view name, const std::string& text) {
    if (kind == Kind::whole) {
        std::int64_t value = 0;
        const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (ec != std::errc() || end != text.data() + text.size()) {
            return bad_parameter(name, "must be a whole number");
        }
        return json(value);
    }
    if (kind == Kind::flag) {
        if (text != "true" && text != "false") {
            return bad_parameter(name, "must be true or false");
        }
        return json(text == "true");
    }
    return json(text);
}

}  // namespace

RouteMatch match_route(Method method, std::span<const std::string> segments) {
    RouteMatch out;
    const Method wanted = method == Method::head ? Method::get : method;
    for (const Route& route : list_routes()) {
        json arguments = json::object();
        if (!matches(route.path, segments, arguments)) {
            continue;
        }
        out.allowed.push_back(route.method);
        if (route.method == wanted && out.route == nullptr) {
            out.route = &route;
            out.arguments = std::move(arguments);
        }
    }
    return out;
}

Result<void> add_query(const Route& route, const Target& target, json& arguments) {
    for (const auto& [name, text] : target.query) {
        const Kind kind = kind_of(route.options.query, name);
        if (kind == Kind::unknown) {
            return bad_parameter(name, "is unknown here");
        }
        BULLA_TRY(value, read_value(kind, name, text));
        if (kind == Kind::list) {
            json& list = arguments[name];
            if (list.size() >= max_list) {
                return bad_parameter(name, fmt::format("stands more than {} times", max_list));
            }
            list.push_back(std::move(value));
            continue;
        }
        if (!arguments.emplace(name, std::move(value)).second) {
            return bad_parameter(name, "stands twice");
        }
    }
    return {};
}

Result<void> add_body(const Route& route, std::string_view body, json& arguments) {
    if (route.options.body == BodyKind::octets) {
        std::vector<std::uint8_t> octets(body.begin(), body.end());
        arguments["octets"] = json::binary(std::move(octets));
        return {};
    }
    if (route.options.body == BodyKind::none) {
        if (!body.empty()) {
            return fail("http.bad_json", Fault::sender, "This request takes no body.");
        }
        return {};
    }
    BULLA_TRY(members, parse_json_body(body));
    for (auto& [name, value] : members.items()) {
        if (arguments.contains(name)) {
            return bad_parameter(name, "stands in the address and in the body");
        }
        arguments[name] = std::move(value);
    }
    return {};
}

}  // namespace bulla::api
