#include "base/log.h"

#include <atomic>
#include <cstdio>
#include <utility>

namespace bulla::log {

namespace {

struct State {
    Sink sink = [](Level, std::string_view line) {
        (void)std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
    };
    std::atomic<Level> least{Level::warning};
};

State& state() {
    static State instance;
    return instance;
}

bool needs_quotes(std::string_view value) {
    if (value.empty()) {
        return true;
    }
    for (const char c : value) {
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) {
            return true;
        }
    }
    return false;
}

void append_value(std::string& line, std::string_view value) {
    if (!needs_quotes(value)) {
        line += value;
        return;
    }
    static constexpr std::string_view digits = "0123456789abcdef";
    line += '"';
    for (const char c : value) {
        if (c == '"' || c == '\\') {
            line += '\\';
            line += c;
        } else if ((c >= 0 && c < ' ') || c == 0x7f) {
            line += "\\x";
            line += digits[static_cast<unsigned char>(c) >> 4];
            line += digits[static_cast<unsigned char>(c) & 15];
        } else {
            line += c;
        }
    }
    line += '"';
}

}  // namespace

void set_sink(Sink sink, Level least) {
    state().sink = std::move(sink);
    state().least = least;
}

bool enabled(Level level) {
    return level >= state().least.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (!enabled(level)) {
        return;
    }
    std::string line{event};
    for (const auto& field : fields) {
        line += ' ';
        line += field.name;
        line += '=';
        append_value(line, field.value);
    }
    state().sink(level, line);
}

}  // namespace bulla::log
