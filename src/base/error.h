#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace bulla {

/// Who has to act on an error: the one who gave us the input, nobody (try again later), or this installation.
enum class Fault { sender, temporary, us };

/// A refusal or failure. `code` is a stable dotted name ("pack.short_read") for programs, a string literal that lives for ever;
/// `text` is one sentence for people that says what is wrong, where, and what to do; it never holds a secret.
struct Error {
    std::string_view code;
    Fault fault = Fault::us;
    std::string text;
    std::string_view rfc = {};  ///< The section behind it, such as "RFC 6376 3.5"; empty if none.
    std::string field = {};     ///< The argument that is wrong; empty: none, or several.
    unsigned retry_after = 0;   ///< Seconds after which it is worth another try; 0: not known.
};

/// A value or the Error that prevented it. A failed verification is no Error: see Verdict.
template <class T>
using Result = std::expected<T, Error>;

/// An Error ready to return.
[[nodiscard]] inline std::unexpected<Error> fail(std::string_view code,
                                                 Fault fault,
                                                 std::string text,
                                                 std::string_view rfc = {}) {
    return std::unexpected<Error>(Error{code, fault, std::move(text), rfc});
}

}  // namespace bulla

// Returns the error of `expression` (a Result) from the enclosing function, or binds its value to `name`.
#define BULLA_TRY(name, expression)                               \
    auto name##_result = (expression);                            \
    if (!name##_result) {                                         \
        return std::unexpected(std::move(name##_result).error()); \
    }                                                             \
    auto& name = *name##_result  // NOLINT(bugprone-macro-parentheses)

// Returns the error of `expression` (a Result) from the enclosing function; its value is not needed.
#define BULLA_CHECK(expression)                                      \
    do {                                                             \
        if (auto check_result = (expression); !check_result) {       \
            return std::unexpected(std::move(check_result).error()); \
        }                                                            \
    } while (false)
