#include "api/json_body.h"

#include "api/target.h"

#include <cmath>
#include <cstddef>
#include <fmt/format.h>
#include <set>
#include <string>
#include <vector>

namespace bulla::api {

namespace {

using nlohmann::json;

constexpr std::size_t max_depth = 16;
constexpr std::size_t max_values = 10000;

// Builds the value itself, as nlohmann's own builder takes a member that stands twice.
class Builder final : public nlohmann::json_sax<json> {
  public:
    json root;
    std::string problem;

    bool null() override { return add(nullptr) != nullptr; }

    bool boolean(bool value) override { return add(value) != nullptr; }

    bool number_integer(number_integer_t value) override { return add(value) != nullptr; }

    bool number_unsigned(number_unsigned_t value) override {
        // Above the signed range two readers differ.
        return value > static_cast<number_unsigned_t>(INT64_MAX)
                   ? refuse("has a number that is too large")
                   : add(static_cast<number_integer_t>(value)) != nullptr;
    }

    bool number_float(number_float_t value, const string_t& /*text*/) override {
        return std::isfinite(value) ? add(value) != nullptr
                                    : refuse("has a number that is too large");
    }

    bool string(string_t& value) override { return add(std::move(value)) != nullptr; }

    bool binary(binary_t& /*value*/) override { return refuse("has what JSON has not"); }

    bool start_object(std::size_t /*size*/) override {
        names_.emplace_back();
        return open(json::object());
    }

    bool key(string_t& name) override {
        if (!names_.back().insert(name).second) {
            return refuse(fmt::format("has the member \"{}\" twice", name.substr(0, 100)));
        }
        key_ = std::move(name);
        return true;
    }

    bool end_object() override {
        names_.pop_back();
        stack_.pop_back();
        return true;
    }

    bool start_array(std::size_t /*size*/) override { return open(json::array()); }

    bool end_array() override {
        stack_.pop_back();
        return true;
    }

    bool parse_error(std::size_t position,
                     const std::string& /*token*/,
                     const nlohmann::detail::exception& /*error*/) override {
        return refuse(fmt::format("is no JSON at octet {}", position));
    }

  private:
    bool refuse(std::string why) {
        if (problem.empty()) {
            problem = std::move(why);
        }
        return false;
    }

    json* add(json value) {
        if (++values_ > max_values) {
            refuse(fmt::format("has more than {} values", max_values));
            return nullptr;
        }
        if (stack_.empty()) {
            root = std::move(value);
            return &root;
        }
        json& parent = *stack_.back();
        if (parent.is_array()) {
            return &parent.emplace_back(std::move(value));
        }
        return &(parent[key_] = std::move(value));
    }

    bool open(json value) {
        if (stack_.size() >= max_depth) {
            return refuse(fmt::format("has more than {} levels", max_depth));
        }
        json* const added = add(std::move(value));
        if (added != nullptr) {
            stack_.push_back(added);
        }
        return added != nullptr;
    }

    std::vector<json*> stack_;
    std::vector<std::set<std::string>> names_;
    std::string key_;
    std::size_t values_ = 0;
};

std::unexpected<Error> bad(std::string_view why) {
    return fail("http.bad_json", Fault::sender, fmt::format("The body {}.", why), "RFC 8259");
}

}  // namespace

Result<json> parse_json_body(std::string_view text) {
    if (text.empty()) {
        return json::object();
    }
    if (!is_utf8(text)) {
        return bad("is no UTF-8");
    }
    // RFC 8259 8.1: "Implementations MUST NOT add a byte order mark […]"; nlohmann would skip it.
    if (text.starts_with("\xef\xbb\xbf")) {
        return bad("begins with a byte order mark");
    }
    Builder builder;
    if (!json::sax_parse(text.begin(), text.end(), &builder)) {
        return bad(builder.problem);
    }
    if (!builder.root.is_object()) {
        return bad("must be one JSON object");
    }
    return std::move(builder.root);
}

}  // namespace bulla::api
