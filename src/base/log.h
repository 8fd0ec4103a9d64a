#pragma once
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

namespace bulla::log {

enum class Level { debug, info, warning, error };

/// One fact of a log line. Values are written as they are given: never give a secret or the text of a mail.
struct Field {
    std::string_view name;
    std::string value;
};

/// Receives one finished line (logfmt: `event name=value …`, no time, no line end). Called from any thread.
using Sink = std::function<void(Level, std::string_view line)>;

/// Sends all further lines of at least `least` to `sink`. Call before threads start.
void set_sink(Sink sink, Level least);

/// From now on, lines of at least `least` are written. From any thread.
void set_level(Level least);

/// True if lines of `level` are kept: ask before building costly fields.
[[nodiscard]] bool enabled(Level level);

/// Writes one line. `event` is a stable dotted name such as "queue.delivered".
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::debug, event, fields);
}

inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::info, event, fields);
}

inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::warning, event, fields);
}

inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::error, event, fields);
}

}  // namespace bulla::log
