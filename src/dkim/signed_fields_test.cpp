#include "dkim/signed_fields.h"

#include <gtest/gtest.h>

namespace bulla::dkim {
namespace {

std::string shape(std::string_view signed_names, std::string_view oversigned) {
    const auto fields = make_signed_fields(signed_names, oversigned);
    std::string out;
    for (const auto& field : fields == nullptr ? SignedFields() : *fields) {
        out += (out.empty() ? "" : " ") + field.name;
        out += field.oversign == Oversign::always  ? "+"
               : field.oversign == Oversign::never ? ""
                                                   : "?";
    }
    return out;
}

TEST(SignedFields, DK_22_two_lists_say_what_is_signed_and_in_which_order) {
    EXPECT_EQ(make_signed_fields("default", "default"), nullptr);
    EXPECT_EQ(shape("Subject, From, X-Foo", "none"), "Subject From X-Foo");
    EXPECT_EQ(shape("Subject, X-Foo", "none"), "From Subject X-Foo");
    EXPECT_EQ(shape("from, Message-ID, X-Foo", "default"), "from+ Message-ID? X-Foo");
    EXPECT_EQ(shape("From, Subject", "FROM, Date"), "From+ Subject Date+");
    EXPECT_EQ(shape("From, Subject", "Subject?, Sender?, From"), "From+ Subject? Sender?");
    EXPECT_EQ(shape("default", "none").find_first_of("+?"), std::string::npos);
    EXPECT_EQ(shape("default", "none").substr(0, 16), "From To Cc Subje");
    EXPECT_NE(shape("default", "Sender").find(" Sender+ In-Reply-To References"),
              std::string::npos);
    // What cannot be read must not sign less.
    EXPECT_EQ(make_signed_fields("From, From", "default"), nullptr);
}

TEST(SignedFields, DK_22_names_are_checked) {
    EXPECT_EQ(parse_field_names("From:To,, X-Foo  Cc").value(),
              (std::vector<std::string>{"From", "To", "X-Foo", "Cc"}));
    for (const std::string& text : std::vector<std::string>{
             "From, from", "a;b", "Gr\xC3\xBC\xC3\x9F", "a\x01", std::string(77, 'a')}) {
        EXPECT_FALSE(parse_field_names(text)) << text;
    }
    std::string many;
    for (int i = 0; i < 101; ++i) {
        many += "X-" + std::to_string(i) + ",";
    }
    EXPECT_FALSE(parse_field_names(many));
}

}  // namespace
}  // namespace bulla::dkim
