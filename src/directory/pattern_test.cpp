#include "directory/pattern.h"

#include "directory/snapshot.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bulla::directory {
namespace {

Mailbox box(std::string_view text) {
    return Mailbox::parse(text).value();
}

TEST(Pattern, ARC_08_addresses_domains_and_wildcards) {
    struct Row {
        std::string pattern, address;
        bool matches;
    };

    const std::vector<Row> rows = {
        {"a@example.org", "A@example.org", true},
        {"A@Example.ORG", "a@example.org", true},
        {"a@example.org", "a@sub.example.org", false},
        {"a@example.org", "aa@example.org", false},
        {"example.org", "any@example.org", true},
        {"example.org", "any@sub.example.org", false},
        {"*.example.org", "any@sub.example.org", true},
        {"*.example.org", "any@example.org", false},
        {"*.example.org", "any@notexample.org", false},
        {"*", "any@example.org", true},
        {"sales-*@example.org", "sales-north@example.org", true},
        {"sales-*@example.org", "presales-north@example.org", false},
        {"?@example.org", "b@example.org", true},
        {"?@example.org", "bb@example.org", false},
        {"?@example.org", "\xC3\xBC@example.org", true},
        {"boss@*", "boss@anywhere.example", true},
        {"*@example.*", "x@example.net", true},
        {"*@example.org", "\"x@other\"@example.org", true},
        {"a*@example.org", "\"a@example.net\"@example.org", true},
        {"*b*c@example.org", "xxbyyc@example.org", true},
        {"*b*c@example.org", "xxcyyb@example.org", false},
        {"b\xC3\xBC"
         "cher.example",
         "x@xn--bcher-kva.example",
         true},
    };
    for (const Row& row : rows) {
        const auto pattern = parse_pattern(row.pattern);
        ASSERT_TRUE(pattern) << row.pattern;
        EXPECT_EQ(matches_pattern(*pattern, box(row.address)), row.matches)
            << row.pattern << " " << row.address;
        PatternIndex index;
        index.add("other.example", 3);
        index.add(*pattern, 7);
        index.add(*pattern, 7);
        EXPECT_EQ(index.find(box(row.address)),
                  row.matches ? std::vector<std::uint32_t>{7} : std::vector<std::uint32_t>{});
    }
}

TEST(Pattern, ARC_08_bad_patterns_are_refused) {
    const std::string longest(253, '*');
    EXPECT_TRUE(parse_pattern(longest));
    for (const std::string& bad : {std::string(),
                                   longest + "*",
                                   std::string("a b"),
                                   std::string("@example.org"),
                                   std::string("a@"),
                                   std::string("a@b@c"),
                                   std::string("a..b"),
                                   std::string("x\n"),
                                   std::string("\"a\"@b.example")}) {
        EXPECT_FALSE(parse_pattern(bad)) << bad;
    }
}

TEST(Pattern, many_stars_cost_little) {
    std::string pattern;
    for (int i = 0; i < 100; ++i) {
        pattern += "*a";
    }
    EXPECT_FALSE(matches_glob(pattern + "b", std::string(10000, 'a')));
}

TEST(Snapshot, c2_6_first_matching_route_is_taken) {
    Snapshot snapshot;
    snapshot.domains.emplace("example.org", true);
    const std::vector<std::pair<std::string, std::string>> routes = {
        {"own", "local"}, {"below", "*.example.net"}, {"net", "example.net"}, {"rest", "*"}};
    for (const auto& [name, match] : routes) {
        config::Route route;
        route.name = name;
        route.match = {match};
        snapshot.config.routes.push_back(route);
    }
    const auto route_of = [&](std::string_view domain) {
        return snapshot.find_route(DomainName::parse(domain).value())->name;
    };
    EXPECT_EQ(route_of("Example.org"), "own");
    EXPECT_EQ(route_of("sub.example.org"), "rest");
    EXPECT_EQ(route_of("a.b.example.net"), "below");
    EXPECT_EQ(route_of("example.net"), "net");
    snapshot.config.routes.pop_back();
    EXPECT_EQ(snapshot.find_route(DomainName::parse("example.com").value()), nullptr);
}

TEST(Snapshot, c2_6_accounts_are_found_by_login_and_address) {
    Snapshot snapshot;
    const auto account =
        std::make_shared<const Account>(Account{.login = "ann",
                                                .address = box("Ann.Lee@example.org"),
                                                .role = AccountRole::user,
                                                .disabled = false,
                                                .one_time_password = false,
                                                .password = {},
                                                .send_as = SendAs::own});
    snapshot.accounts_by_login.emplace("ann", account);
    snapshot.accounts_by_address.emplace(account->address.key(), account);
    EXPECT_EQ(snapshot.find_account("ANN"), account);
    EXPECT_EQ(snapshot.find_account("ann.lee@EXAMPLE.org"), account);
    EXPECT_EQ(snapshot.find_account("ann.lee"), nullptr);
    EXPECT_EQ(snapshot.find_account(""), nullptr);
    EXPECT_EQ(snapshot.find_address(box("ANN.LEE@example.org")), account);
}

TEST(Snapshot, ARC_08_all_groups_of_an_address_are_found) {
    Snapshot snapshot;
    for (const char* pattern : {"example.org", "*@example.org", "a@example.org", "b@example.org"}) {
        snapshot.group_patterns.add(pattern, static_cast<std::uint32_t>(snapshot.groups.size()));
        snapshot.groups.push_back(
            {.name = pattern, .archiving = true, .archival_signer = {}, .patterns = {pattern}});
    }
    const auto groups = snapshot.find_groups(box("A@example.org"));
    ASSERT_EQ(groups.size(), 3U);
    EXPECT_EQ(groups[2]->name, "a@example.org");
    for (const Group& group : snapshot.groups) {
        EXPECT_EQ(Snapshot::matches(group, box("A@example.org")),
                  std::ranges::find(groups, &group) != groups.end());
    }
}

}  // namespace
}  // namespace bulla::directory
