#include "names/readable.h"

#include "names/domain.h"

#include <gtest/gtest.h>

namespace bulla {
namespace {

TEST(Readable, c3_5_names_of_one_script_are_shown_as_they_are_written) {
    for (const char* const name : {"bücher.example",
                                   "straße.example",
                                   "ñandú.example",
                                   "пример.example",
                                   "παράδειγμα.example",
                                   "例え.example",
                                   "中文.example",
                                   "한국.example",
                                   "דוגמה.example",
                                   "मराठी.example",
                                   "ไทย.example"}) {
        const auto domain = DomainName::parse(name);
        ASSERT_TRUE(domain) << name;
        EXPECT_EQ(make_readable(domain->ascii()), name) << domain->ascii();
    }
    EXPECT_EQ(make_readable("plain.example"), "plain.example");
}

TEST(Readable, c3_5_names_that_look_like_others_stay_as_they_are_in_the_dns) {
    for (const char* const name : {"аррӏе.example",   // all of it Cyrillic, and looks like "apple"
                                   "раураӏ.example",  // so does this like "paypal"
                                   "pаypal.example",  // one Cyrillic letter
                                   "gοοgle.example",  // Greek omicrons
                                   "ɡoogle.example",  // a Latin letter that looks like g
                                   "goоgle.bücher.example",
                                   "bаnk.example",
                                   "ᏢᎪᏒᎪ.example"}) {  // Cherokee
        const auto domain = DomainName::parse(name);
        if (!domain) {
            continue;  // Not even a name.
        }
        const std::string shown = make_readable(domain->ascii());
        EXPECT_TRUE(shown.starts_with("xn--")) << name << " is shown as " << shown;
    }
    EXPECT_EQ(make_readable(DomainName::parse("pаypal.bücher.example").value().ascii()),
              "xn--pypal-4ve.bücher.example")
        << "each label for itself";
}

TEST(Readable, c3_5_what_is_no_label_stays) {
    EXPECT_EQ(make_readable("xn--a.example"), "xn--a.example");
    EXPECT_EQ(make_readable("xn--.example"), "xn--.example");
    EXPECT_FALSE(
        is_readable_label("a\xE2\x80\xAE"
                          "b"))
        << "a mark that turns the direction";
    EXPECT_FALSE(
        is_readable_label("a\xE2\x80\x8B"
                          "b"))
        << "one that cannot be seen";
    EXPECT_FALSE(is_readable_label("\xFF\xFE")) << "no UTF-8";
    EXPECT_TRUE(is_readable_label(""));
}

}  // namespace
}  // namespace bulla
