#include "app/logging.h"

#include "base/log.h"

#include <cstdlib>
#include <memory>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <utility>

namespace bulla::app {

namespace {

spdlog::level::level_enum to_spdlog(log::Level level) {
    switch (level) {
        case log::Level::debug:
            return spdlog::level::debug;
        case log::Level::info:
            return spdlog::level::info;
        case log::Level::warning:
            return spdlog::level::warn;
        case log::Level::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

/// The prefix by which the journal knows a line's priority (sd-daemon(3)).
class JournalPriority final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message,
                const std::tm&,
                spdlog::memory_buf_t& out) override {
        const char digit = message.level >= spdlog::level::err    ? '3'
                           : message.level == spdlog::level::warn ? '4'
                           : message.level == spdlog::level::info ? '6'
                                                                  : '7';
        out.push_back('<');
        out.push_back(digit);
        out.push_back('>');
    }

    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<JournalPriority>();
    }
};

log::Level parse_level(std::string_view level) {
    if (level == "debug") {
        return log::Level::debug;
    }
    if (level == "warning") {
        return log::Level::warning;
    }
    return level == "error" ? log::Level::error : log::Level::info;
}

}  // namespace

void start_logging(std::string_view level) {
    const auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    // Before any thread is there.
    if (std::getenv("JOURNAL_STREAM") != nullptr) {  // NOLINT(concurrency-mt-unsafe)
        formatter->add_flag<JournalPriority>('*').set_pattern("%*%v");
    } else {
        formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v");
    }
    auto logger = std::make_shared<spdlog::logger>("bulla", sink);
    logger->set_formatter(std::move(formatter));
    logger->set_level(spdlog::level::trace);
    log::set_sink(
        [logger = std::move(logger)](log::Level at, std::string_view line) {
            logger->log(to_spdlog(at), spdlog::string_view_t(line.data(), line.size()));
        },
        parse_level(level));
}

void set_log_level(std::string_view level) {
    log::set_level(parse_level(level));
}

}  // namespace bulla::app
