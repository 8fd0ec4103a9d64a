#include "base/hazard.h"

#include "base/log.h"

#include <gtest/gtest.h>

#include <string>

namespace bulla {
namespace {

TEST(Hazard, characters_that_steer_whoever_shows_them) {
    struct Row {
        std::string_view text;
        std::size_t length;
    };

    for (const Row& row : {Row{"", 0},
                           Row{"a", 0},
                           Row{"\x1B[0m", 1},
                           Row{"\x7F", 1},
                           Row{"\xC2\x9B", 2},
                           Row{"\xC2\xA0", 0},
                           Row{"\xC2", 0},
                           Row{"\xE2\x80\xAE", 3},
                           Row{"\xE2\x80\xA8", 3},
                           Row{"\xE2\x80\xA7", 0},
                           Row{"\xE2\x81\xA6", 3},
                           Row{"\xE2\x81\xA5", 0},
                           Row{"\xE2\x80", 0}}) {
        EXPECT_EQ(hazard_length(row.text), row.length) << row.text;
    }
}

TEST(Hazard, a_line_of_the_log_shows_them_by_their_octets) {
    std::string line;
    log::set_sink([&](log::Level, std::string_view said) { line = said; }, log::Level::info);
    log::info("x.y", {{"name", "a\xC2\x9B\xE2\x80\xAE\x1B\xC3\xA4\""}});
    log::set_sink([](log::Level, std::string_view) {}, log::Level::error);
    EXPECT_EQ(line, "x.y name=\"a\\xc2\\x9b\\xe2\\x80\\xae\\x1b\xC3\xA4\\\"\"");
}

}  // namespace
}  // namespace bulla
