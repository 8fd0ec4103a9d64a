#include "spf/macro.h"

#include <gtest/gtest.h>

namespace bulla::spf {
namespace {

MacroValues values(std::string_view ip = "192.0.2.3") {
    return {.client = Ip::parse(ip).value(),
            .local = "strong-bad",
            .sender = "email.example.com",
            .domain = "email.example.com",
            .helo = "mail.example.com",
            .validated = "mx.example.org",
            .receiver = "in.example.net",
            .seconds = 1'700'000'000};
}

std::string expand(std::string_view text, const MacroValues& of = values()) {
    const auto parsed = MacroString::parse(text, MacroUse::explanation);
    return parsed ? parsed->expand(of, 10'000) : "error: " + parsed.error().text;
}

std::string name(std::string_view text, const MacroValues& of = values()) {
    const auto parsed = MacroString::parse(text, MacroUse::domain_spec);
    return parsed ? parsed->expand_name(of).value_or("no name") : "error: " + parsed.error().text;
}

TEST(SpfMacro, rfc7208_7_4_examples) {
    for (const auto& [text, wanted] : std::vector<std::pair<std::string_view, std::string_view>>{
             {"%{s}", "strong-bad@email.example.com"},
             {"%{o}", "email.example.com"},
             {"%{d}", "email.example.com"},
             {"%{d4}", "email.example.com"},
             {"%{d3}", "email.example.com"},
             {"%{d2}", "example.com"},
             {"%{d1}", "com"},
             {"%{dr}", "com.example.email"},
             {"%{d2r}", "example.email"},
             {"%{l}", "strong-bad"},
             {"%{l-}", "strong.bad"},
             {"%{lr}", "strong-bad"},
             {"%{lr-}", "bad.strong"},
             {"%{l1r-}", "strong"},
             {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
             {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
             {"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}",
              "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
             {"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
             {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"}}) {
        EXPECT_EQ(expand(text), wanted) << text;
    }
    EXPECT_EQ(expand("%{ir}.%{v}._spf.%{d2}", values("2001:db8::cb01")),
              "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf."
              "example.com");
}

TEST(SpfMacro, rfc7208_7_2_every_letter_in_either_case) {
    EXPECT_EQ(expand("%{h} %{p} %{c} %{r} %{t}"),
              "mail.example.com mx.example.org 192.0.2.3 in.example.net 1700000000");
    EXPECT_EQ(expand("%{H}%{V}%{DR2}"),
              "error: a macro with something other than a number, \"r\" "
              "and delimiters");
    EXPECT_EQ(expand("%{H} %{V} %{D2R}"), "mail.example.com in-addr example.email");
    MacroValues v6 = values("2001:DB8::CB01");
    v6.receiver.clear();
    EXPECT_EQ(expand("%{c} %{v} %{r}", v6), "2001:db8::cb01 ip6 unknown");
    EXPECT_EQ(expand("%%%_%-"), "% %20");
    for (const std::string_view bad : {"%{x}",
                                       "%{}",
                                       "%{d",
                                       "%",
                                       "%d",
                                       "%(d)",
                                       "%{d0}",
                                       "%{d00}",
                                       "%{d2r2}",
                                       "%{d!}",
                                       "%{1d}"}) {
        EXPECT_TRUE(expand(bad).starts_with("error")) << bad;
    }
}

TEST(SpfMacro, rfc7208_7_2_letters_for_explanations_only) {
    for (const char letter : std::string_view("crtCRT")) {
        const std::string text = std::string("%{") + letter + "}.example.com";
        EXPECT_TRUE(name(text).starts_with("error")) << text;
        EXPECT_TRUE(MacroString::parse(text, MacroUse::modifier).has_value()) << text;
        EXPECT_TRUE(MacroString::parse(text, MacroUse::explanation).has_value()) << text;
    }
}

TEST(SpfMacro, rfc7208_7_3_transformers_and_delimiters) {
    MacroValues of = values();
    of.local = "a-b+c,d/e_f=g.h";
    EXPECT_EQ(expand("%{l.-+,/_=}", of), "a.b.c.d.e.f.g.h");
    EXPECT_EQ(expand("%{l2r.-+,/_=}", of), "b.a");
    EXPECT_EQ(expand("%{l3+}", of), "a-b.c,d/e_f=g.h");
    EXPECT_EQ(expand("%{l127-}", of), "a.b+c,d/e_f=g.h");
    EXPECT_EQ(expand("%{l99999999999999999999999-}", of), "a.b+c,d/e_f=g.h");
    of.local = "-a--b-";
    EXPECT_EQ(expand("%{l-}", of), ".a..b.") << "parts may be empty";
    EXPECT_EQ(expand("%{lr-}", of), ".b..a.");
    EXPECT_EQ(expand("%{l1-}", of), "");
    of.local = "";
    EXPECT_EQ(expand("<%{l1r-}>", of), "<>");
}

TEST(SpfMacro, rfc7208_7_3_capitals_escape_for_uris) {
    MacroValues of = values();
    of.local = "a~b c%/?&\xC3\xA9-._";
    EXPECT_EQ(expand("%{L}", of), "a~b%20c%25%2F%3F%26%C3%A9-._");
    EXPECT_EQ(expand("%{L2/}", of), "a~b%20c%25.%3F%26%C3%A9-._") << "split first, then escaped";
}

TEST(SpfMacro, rfc7208_7_1_a_domain_ends_in_a_macro_or_a_top_level_label) {
    for (const std::string_view good : {"a.b",
                                        "a.b.",
                                        "%{d}",
                                        "%{d}.",
                                        "x.%{d}",
                                        "%%",
                                        ".com",
                                        "a.xn--zckzah",
                                        "a.1a",
                                        "a.1-1",
                                        "a:b/c.example",
                                        "_spf.%{d2}"}) {
        const bool well = MacroString::parse(good, MacroUse::domain_spec).has_value();
        EXPECT_EQ(well, good != "%{d}.") << good;
    }
    for (const std::string_view bad : {"",
                                       "a",
                                       "a.",
                                       "com",
                                       "a.1",
                                       "a.-b",
                                       "a.b-",
                                       "a.b_c",
                                       "a.b..",
                                       "%{d}a",
                                       "a.%%b",
                                       "a.b/24",
                                       "a b.c",
                                       "a.b\x7F",
                                       "a.\xC3\xA9",
                                       "a.b%"}) {
        EXPECT_FALSE(MacroString::parse(bad, MacroUse::domain_spec).has_value()) << bad;
    }
}

TEST(SpfMacro, rfc7208_7_3_names_are_cut_on_the_left_to_253_octets) {
    MacroValues of = values();
    const auto with_length = [](std::size_t size) {
        std::string text = "ab.";
        while (text.size() + 50 < size - 3) {
            text += std::string(49, 'x') + ".";
        }
        return text + std::string(size - text.size() - 3, 'y') + ".zz";
    };
    for (const std::size_t size : {252U, 253U}) {
        of.helo = with_length(size);
        ASSERT_EQ(of.helo.size(), size);
        EXPECT_EQ(name("%{h}", of), of.helo);
    }
    of.helo = with_length(254);
    EXPECT_EQ(name("%{h}", of), of.helo.substr(3)) << "without \"ab.\"";
    of.helo = with_length(253) + ".";
    EXPECT_EQ(name("%{h}", of), of.helo.substr(0, 253)) << "the dot at the end does not count";
    of.helo = std::string(5000, 'x') + ".example.com";
    EXPECT_EQ(name("%{h}", of), "example.com");
    of.helo = std::string(5000, 'x');
    EXPECT_EQ(name("%{h}", of), "no name");
    std::string many;
    for (int i = 0; i < 5000; ++i) {
        many += "%{d}.";
    }
    EXPECT_TRUE(name(many + "end.example", of).ends_with(".email.example.com.end.example"));
    EXPECT_LE(name(many + "end.example", of).size(), 253);
}

TEST(SpfMacro, rfc7208_4_8_names_that_nobody_can_ask_for) {
    MacroValues of = values();
    for (const std::string_view local : {"", ".a", "a..b", "a\\b", "a\001b", "\xC3\xA9"}) {
        of.local = local;
        EXPECT_EQ(name("%{l}.example.com", of), "no name") << local;
    }
    of.local = std::string(64, 'a');
    EXPECT_EQ(name("%{l}.example.com", of), "no name");
    of.local = std::string(63, 'A');
    EXPECT_EQ(name("%{l}.example.com", of), std::string(63, 'a') + ".example.com");
    of.local = "a b:/%";
    EXPECT_EQ(name("%{l}.Example.COM.", of), "a b:/%.example.com");
}

TEST(SpfMacro, growth_ends_above_the_limit) {
    std::string many;
    for (int i = 0; i < 20'000; ++i) {
        many += "%{s}";
    }
    const auto parsed = MacroString::parse(many, MacroUse::explanation);
    const std::size_t size = parsed->expand(values(), 450).size();
    EXPECT_GT(size, 450U);
    EXPECT_LT(size, 500U);
}

TEST(SpfMacro, names_within_a_domain) {
    EXPECT_TRUE(is_within("example.com", "example.com"));
    EXPECT_TRUE(is_within("a.example.com", "example.com"));
    EXPECT_FALSE(is_within("badexample.com", "example.com"));
    EXPECT_FALSE(is_within("com", "example.com"));
}

}  // namespace
}  // namespace bulla::spf
