#include "dmarc/suffix_list.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace bulla::dmarc {
namespace {

// The list's own tests: a domain and its registered part, or "null".
TEST(DmarcSuffixList, rfc7489_3_2_the_tests_of_the_list) {
    const SuffixList list = SuffixList::built_in();
    std::ifstream in(std::string(BULLA_SOURCE_DIR) + "/tests/data/psl/tests.txt");
    int cases = 0;
    for (std::string line; std::getline(in, line);) {
        const std::size_t space = line.find(' ');
        if (line.empty() || line.starts_with("//") || space == std::string::npos) {
            continue;
        }
        const auto domain = DomainName::parse(line.substr(0, space));
        const auto expected = DomainName::parse(line.substr(space + 1));
        if (!domain || line.starts_with("null")) {
            continue;  // No domain at all, such as one with a leading dot.
        }
        ++cases;
        const auto found = list.registered_part(*domain);
        EXPECT_EQ(found ? found->ascii() : "null", expected ? expected->ascii() : "null") << line;
    }
    EXPECT_GT(cases, 60);
}

TEST(DmarcSuffixList, a_list_of_ones_own) {
    const auto list = SuffixList::parse("// mine\nexample\n*.sub.example\n!not.sub.example\n");
    ASSERT_TRUE(list);
    const auto part = [&](const char* name) {
        const auto found = list->registered_part(DomainName::parse(name).value());
        return found ? found->ascii() : std::string();
    };
    EXPECT_EQ(part("a.b.example"), "b.example");
    EXPECT_EQ(part("a.b.c.sub.example"), "b.c.sub.example");
    EXPECT_EQ(part("a.not.sub.example"), "not.sub.example");
    EXPECT_EQ(part("example"), "");
    EXPECT_EQ(SuffixList::parse("").error().code, "dmarc.bad_suffix_list");
}

}  // namespace
}  // namespace bulla::dmarc
