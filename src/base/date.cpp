#include "base/date.h"

#include <array>
#include <charconv>
#include <fmt/format.h>

namespace bulla {

namespace {

struct Civil {
    std::chrono::year_month_day day;
    std::chrono::hh_mm_ss<std::chrono::microseconds> time;
    unsigned weekday;
};

Civil to_civil(Time time) {
    const auto midnight = std::chrono::floor<std::chrono::days>(time);
    return {.day = midnight,
            .time = std::chrono::hh_mm_ss{time - midnight},
            .weekday = std::chrono::weekday{midnight}.c_encoding()};
}

bool read_number(std::string_view text, std::size_t at, std::size_t digits, int& out) {
    if (at + digits > text.size()) {
        return false;
    }
    const auto* first = text.data() + at;
    const auto [end, error] = std::from_chars(first, first + digits, out);
    return error == std::errc{} && end == first + digits && text[at] != '-';
}

}  // namespace

std::string write_rfc3339(Time time, bool micros) {
    const auto civil = to_civil(time);
    auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
                            static_cast<int>(civil.day.year()),
                            static_cast<unsigned>(civil.day.month()),
                            static_cast<unsigned>(civil.day.day()),
                            civil.time.hours().count(),
                            civil.time.minutes().count(),
                            civil.time.seconds().count());
    if (micros) {
        text += fmt::format(".{:06}", civil.time.subseconds().count());
    }
    return text + "Z";
}

Result<Time> parse_rfc3339(std::string_view text) {
    const auto bad = [&] {
        return fail("date.bad",
                    Fault::sender,
                    fmt::format("\"{}\" is not a date like 2026-11-22T02:57:50Z", text),
                    "RFC 3339 5.6");
    };
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
        (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':' ||
        text[16] != ':' || !read_number(text, 0, 4, year) || !read_number(text, 5, 2, month) ||
        !read_number(text, 8, 2, day) || !read_number(text, 11, 2, hour) ||
        !read_number(text, 14, 2, minute) || !read_number(text, 17, 2, second)) {
        return bad();
    }
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) {
        return bad();
    }
    std::size_t at = 19;
    std::int64_t micros = 0;
    if (text[at] == '.') {
        std::int64_t unit = 100000;
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) {
            micros += (text[at] - '0') * unit;
        }
    }
    if (at >= text.size()) {
        return bad();
    }
    auto offset = std::chrono::minutes{0};
    if (text[at] == '+' || text[at] == '-') {
        int offset_hours = 0;
        int offset_minutes = 0;
        if (text.size() != at + 6 || text[at + 3] != ':' ||
            !read_number(text, at + 1, 2, offset_hours) ||
            !read_number(text, at + 4, 2, offset_minutes) || offset_hours > 23 ||
            offset_minutes > 59) {
            return bad();
        }
        offset = std::chrono::hours{offset_hours} + std::chrono::minutes{offset_minutes};
        if (text[at] == '-') {
            offset = -offset;
        }
    } else if ((text[at] != 'Z' && text[at] != 'z') || text.size() != at + 1) {
        return bad();
    }
    return Time{std::chrono::sys_days{date}} + std::chrono::hours{hour} +
           std::chrono::minutes{minute} + std::chrono::seconds{second} +
           std::chrono::microseconds{micros} - offset;
}

std::string write_rfc5322_date(Time time) {
    static constexpr std::array<std::string_view, 7> days{
        "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<std::string_view, 12> months{
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto civil = to_civil(time);
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000",
                       days[civil.weekday],
                       static_cast<unsigned>(civil.day.day()),
                       months[static_cast<unsigned>(civil.day.month()) - 1],
                       static_cast<int>(civil.day.year()),
                       civil.time.hours().count(),
                       civil.time.minutes().count(),
                       civil.time.seconds().count());
}

}  // namespace bulla
