#include "services/readable_names.h"

#include "services/testing.h"

namespace bulla::services {
namespace {

using nlohmann::json;

TEST(ReadableNames, c3_5_domains_are_given_in_the_form_that_people_read) {
    json out = {{"sender", "ann@xn--bcher-kva.example"},
                {"from", {"Ann <ann@XN--BCHER-KVA.example>, ben@plain.example"}},
                {"destination", "xn--bcher-kva.example"},
                {"size", 3},
                {"subject", "from xn--bcher-kva.example"}};
    add_names(out, {"sender", "from", "destination", "size"});
    EXPECT_EQ(out["names"],
              json({{"xn--bcher-kva.example", "bücher.example"},
                    {"XN--BCHER-KVA.example", "bücher.example"}}));
}

TEST(ReadableNames, c3_5_what_looks_like_another_name_is_given_as_the_dns_has_it) {
    json out = {{"from", {"Bank <info@pаypal.example>"}}, {"to", {"a@bücher.example"}}};
    add_names(out, {"from", "to"});
    EXPECT_EQ(out["names"], json({{"pаypal.example", "xn--pypal-4ve.example"}}));
    out = {{"sender", "info@xn--pypal-4ve.example"}};
    add_names(out, {"sender"});
    EXPECT_FALSE(out.contains("names"));
}

TEST(ReadableNames, c3_5_nothing_is_added_where_nothing_is_to_be_said) {
    for (const char* const text : {"",
                                   "@",
                                   "ann@example.test",
                                   "Jürgen <j@example.test>",
                                   "j@xn--a.example",
                                   "Straße 5",
                                   "\"ü@ \"@"}) {
        json out = {{"sender", text}};
        add_names(out, {"sender"});
        EXPECT_FALSE(out.contains("names")) << text << out;
    }
    json many = {{"to", json::array()}};
    for (int i = 0; i < 200; ++i) {
        many["to"].push_back("a@" + std::to_string(i) + ".xn--bcher-kva.example");
    }
    add_names(many, {"to"});
    EXPECT_EQ(many["names"].size(), 50U);
}

TEST(ReadableNames, c3_5_domains_and_accounts_have_them) {
    testing::TestInstance at;
    EXPECT_EQ(at.error_of("domain.add", {{"name", "bücher.example"}}), "");
    EXPECT_EQ(
        at.error_of("account.add", {{"address", "ann@bücher.example"}, {"password", "password"}}),
        "");
    const json names = {{"xn--bcher-kva.example", "bücher.example"}};
    bool seen = false;
    for (const json& domain : at.call("domain.list").value()) {
        seen = seen || domain["name"] == "xn--bcher-kva.example";
        EXPECT_EQ(domain.value("names", json()),
                  domain["name"] == "xn--bcher-kva.example" ? names : json());
    }
    EXPECT_TRUE(seen);
    for (const json& account : at.call("account.list").value()) {
        EXPECT_EQ(account.value("names", json()),
                  account["address"] == "ann@xn--bcher-kva.example" ? names : json());
    }
}

}  // namespace
}  // namespace bulla::services
