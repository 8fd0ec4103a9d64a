#pragma once
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// What the programs of all folders share.

/// Says why on stderr and ends the program with status 2.
[[noreturn]] inline void give_up(std::string_view why) {
    (void)std::fprintf(stderr,
                       "%s: %.*s\n",
                       program_invocation_short_name,
                       static_cast<int>(why.size()),
                       why.data());
    std::_Exit(2);
}

/// `text` as a number of type T; gives up if it is none.
template <class T>
T parse_number(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        give_up("an argument is not a number");
    }
    return value;
}
