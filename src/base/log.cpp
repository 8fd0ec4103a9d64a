#include "base/log.h"

#include "base/hazard.h"

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
    for (std::size_t i = 0; i < value.size(); ++i) {
        const char c = value[i];
        if (c == ' ' || c == '"' || c == '=' || c == '\\' || hazard_length(value.substr(i)) > 0) {
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
    for (std::size_t i = 0; i < value.size();) {
        const char c = value[i];
        const std::size_t hazard = hazard_length(value.substr(i));
        for (const char octet : value.substr(i, hazard)) {
            line += "\\x";
            line += digits[static_cast<unsigned char>(octet) >> 4];
            line += digits[static_cast<unsigned char>(octet) & 15];
        }
        if (hazard == 0) {
            line += c == '"' || c == '\\' ? "\\" : "";
            line += c;
        }
        i += hazard > 0 ? hazard : 1;
    }
    line += '"';
}

}  // namespace

void set_sink(Sink sink, Level least) {
    state().sink = std::move(sink);
    state().least = least;
}

void set_level(Level least) {
    state().least.store(least, std::memory_order_relaxed);
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
