#include "authres/parse.h"

#include <algorithm>
#include <string>
#include <utility>

namespace bulla::authres {

namespace {

constexpr std::string_view rfc = "RFC 8601 2.2";
constexpr std::size_t most_digits = 6;

std::unexpected<Error> malformed(std::string_view what) {
    return fail("authres.malformed",
                Fault::sender,
                "the authentication results are malformed: " + std::string(what),
                rfc);
}

std::unexpected<Error> too_long() {
    return fail("authres.too_long",
                Fault::sender,
                "the authentication results are longer than the limits allow",
                rfc);
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_control(char c) {
    return (static_cast<unsigned char>(c) < ' ' && !is_space(c)) || c == '\x7F';
}

bool is_keyword_char(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_';
}

// What may stand in a value without quotation marks. More than a token (RFC 2045 5.1) has: local parts may hold "=" and "/", and addresses
// of hosts ":". Only what ends or begins something else is left out.
bool is_value_char(char c) {
    return !is_space(c) && !is_control(c) && c != ';' && c != '(' && c != ')' && c != '"' &&
           c != '\\';
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c + ('a' - 'A'));
        }
    }
    return out;
}

// Walks over one field, token by token.
class Reader {
  public:
    Reader(std::string_view text, const ParseLimits& limits) : text_(text), limits_(limits) {}

    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }

    [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }

    bool take(char c) {
        if (at_end() || text_[at_] != c) {
            return false;
        }
        ++at_;
        return true;
    }

    /// Skips white space and comments (RFC 5322 3.2.2, CFWS); the first comment goes to `kept` if that is given and empty.
    Result<void> skip(std::string* kept = nullptr) {
        for (;;) {
            while (!at_end() && is_space(text_[at_])) {
                ++at_;
            }
            if (peek() != '(') {
                return {};
            }
            BULLA_TRY(comment, read_comment());
            if (kept != nullptr && kept->empty()) {
                *kept = std::move(comment);
            }
        }
    }

    std::string_view keyword() { return run(is_keyword_char); }

    /// A value (RFC 8601 2.2, pvalue): a quoted string, bare text, or an address whose local part is either.
    Result<std::string> value() {
        std::string out;
        if (peek() == '"') {
            BULLA_TRY(quoted, read_quoted());
            out = std::move(quoted);
            if (peek() != '@') {
                return out;
            }
        }
        const std::string_view bare = run(is_value_char);
        if (out.empty() && bare.empty()) {
            return malformed("a value is missing");
        }
        return out.append(bare);
    }

    /// A number of a version, or nothing.
    Result<unsigned> number() {
        const std::string_view digits = run([](char c) { return c >= '0' && c <= '9'; });
        if (digits.empty() || digits.size() > most_digits) {
            return malformed("a version is no number");
        }
        unsigned out = 0;
        for (const char c : digits) {
            out = out * 10 + static_cast<unsigned>(c - '0');
        }
        return out;
    }

  private:
    template <class Predicate>
    std::string_view run(Predicate belongs) {
        const std::size_t begin = at_;
        while (!at_end() && belongs(text_[at_])) {
            ++at_;
        }
        return text_.substr(begin, at_ - begin);
    }

    // One character of a comment or quoted string, unfolded: line ends vanish, and other control characters are refused.
    Result<void> read_into(std::string& out) {
        char c = text_[at_++];
        if (c == '\\') {
            if (at_end()) {
                return malformed("a quoted pair without its second half");
            }
            c = text_[at_++];
        }
        if (is_control(c)) {
            return malformed("a control character");
        }
        if (c != '\r' && c != '\n') {
            out.push_back(c);
        }
        return {};
    }

    Result<std::string> read_comment() {
        std::string out;
        std::size_t depth = 0;
        while (!at_end()) {
            const char c = text_[at_];
            if (c == '(' && ++depth > limits_.max_comment_depth) {
                return too_long();
            }
            if (c == ')' && --depth == 0) {
                ++at_;
                return out;
            }
            if (c == '(' && depth == 1) {
                ++at_;
                continue;
            }
            BULLA_CHECK(read_into(out));
        }
        return malformed("a comment without an end");
    }

    Result<std::string> read_quoted() {
        std::string out;
        ++at_;
        while (!at_end()) {
            if (take('"')) {
                return out;
            }
            BULLA_CHECK(read_into(out));
        }
        return malformed("a quoted string without an end");
    }

    std::string_view text_;
    const ParseLimits& limits_;
    std::size_t at_ = 0;
};

// Reads "reason=value", "ptype.property=value" or a pair of neither kind, which is passed over.
Result<void> read_pair(Reader& in, MethodResult& method, const ParseLimits& limits) {
    std::string type = lower(in.keyword());
    if (type.empty()) {
        return malformed("a property without a name");
    }
    BULLA_CHECK(in.skip());
    std::string name;
    const bool property = in.take('.');
    if (property) {
        BULLA_CHECK(in.skip());
        name = lower(in.keyword());
        if (name.empty()) {
            return malformed("a property without a name");
        }
        BULLA_CHECK(in.skip());
    }
    if (!in.take('=')) {
        return malformed("a property without a value");
    }
    BULLA_CHECK(in.skip());
    // An empty value is not in the grammar, but some write one where there is nothing to say ("smtp.mailfrom=;").
    std::string value;
    if (!in.at_end() && in.peek() != ';') {
        BULLA_TRY(read, in.value());
        value = std::move(read);
    }
    if (property) {
        if (method.properties.size() == limits.max_properties) {
            return too_long();
        }
        method.properties.push_back(
            {.type = std::move(type), .name = std::move(name), .value = std::move(value)});
    } else if (type == "reason") {
        method.reason = std::move(value);
    }
    return {};
}

// Reads one resinfo behind its ";". Nothing between two ";", and "none", leave `method.method` or `method.result` empty.
Result<void> read_method(Reader& in, MethodResult& method, const ParseLimits& limits) {
    BULLA_CHECK(in.skip());
    method.method = lower(in.keyword());
    BULLA_CHECK(in.skip());
    if (in.take('/')) {
        BULLA_CHECK(in.skip());
        BULLA_TRY(version, in.number());
        method.version = version;
        BULLA_CHECK(in.skip());
    }
    if (in.at_end() || in.peek() == ';') {
        return {};
    }
    if (method.method.empty() || !in.take('=')) {
        return malformed("a method without a result");
    }
    BULLA_CHECK(in.skip());
    method.result = lower(in.keyword());
    if (method.result.empty()) {
        return malformed("a method without a result");
    }
    BULLA_CHECK(in.skip(&method.comment));
    while (!in.at_end() && in.peek() != ';') {
        BULLA_CHECK(read_pair(in, method, limits));
        BULLA_CHECK(in.skip());
    }
    return {};
}

}  // namespace

Result<Results> parse_results(std::string_view value, const ParseLimits& limits) {
    if (value.size() > limits.max_octets) {
        return too_long();
    }
    Reader in(value, limits);
    Results results;
    BULLA_CHECK(in.skip());
    BULLA_TRY(id, in.value());
    results.authserv_id = std::move(id);
    BULLA_CHECK(in.skip());
    if (!in.at_end() && in.peek() != ';') {
        BULLA_TRY(version, in.number());
        results.version = version;
        BULLA_CHECK(in.skip());
    }
    if (results.authserv_id.empty() || in.peek() != ';') {
        return malformed("nothing follows the name of the server");
    }
    while (in.take(';')) {
        MethodResult method;
        BULLA_CHECK(read_method(in, method, limits));
        if (method.result.empty()) {
            continue;
        }
        if (results.methods.size() == limits.max_methods) {
            return too_long();
        }
        results.methods.push_back(std::move(method));
    }
    return in.at_end() ? Result<Results>(std::move(results))
                       : Result<Results>(malformed("there is more than methods"));
}

}  // namespace bulla::authres
