#include "authres/forged.h"

#include <gtest/gtest.h>

namespace bulla::authres {
namespace {

TEST(AuthresForged, DK_20_fields_in_our_name_are_found) {
    const std::vector<std::string> own{"mx.example.org",
                                       "b\xC3\xBC"
                                       "cher.example"};

    struct Case {
        const char* value;
        bool forged;
    };

    const Case cases[] = {
        {" mx.example.org; spf=pass", true},
        {" MX.Example.ORG.; none", true},
        {" (x) \"mx.example.org\" 1; spf=pass", true},
        {" xn--bcher-kva.example; spf=pass", true},
        {" B\xC3\xBC"
         "cher.example; spf=pass",
         true},
        {" other.example; spf=pass", false},
        {" mx.example.org.evil.example; spf=pass", false},
        {" other.example; spf=pass reason=\"as mx.example.org says\"", false},
        // What cannot be read, and names us.
        {" mx.example.org", true},
        {" other.example (; mx.example.org; spf=pass", true},
        {" mx.example.org; spf", true},
        {" mx.exam\r\n ple.org spf=pass", true},
        {" \"mx.ex\\ample.org", true},
        {" other.example spf=pass", false},
    };
    for (const Case& one : cases) {
        EXPECT_EQ(claims_own_id(one.value, own), one.forged) << one.value;
    }
}

TEST(AuthresForged, rfc8601_5_only_this_field_is_removed) {
    const auto message =
        mail::Message::parse(std::string("Authentication-Results: a.example; spf=pass\r\n"
                                         "AUTHENTICATION-RESULTS : b.example;\r\n spf=pass\r\n"
                                         "ARC-Authentication-Results: i=1; b.example; spf=pass\r\n"
                                         "authentication-results: b.example; dkim=pass\r\n"
                                         "From: x@b.example\r\n\r\n"));
    ASSERT_TRUE(message);
    const std::vector<std::string> own{"b.example"};
    const auto found = forged_fields(*message, own);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_TRUE(message->field(found[0]).starts_with("AUTHENTICATION-RESULTS :"));
    EXPECT_TRUE(message->field(found[1]).starts_with("authentication-results:"));
}

}  // namespace
}  // namespace bulla::authres
