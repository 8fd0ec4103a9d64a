#include "dnsupdate/updater.h"

#include "dnsupdate/test_support.h"

#include <gtest/gtest.h>

namespace bulla::dnsupdate {
namespace {

using testing::make_key;
using testing::Server;

class Update : public ::testing::TestWithParam<const char*> {
  protected:
    Updater updater() { return {server.exchange(), make_key(GetParam()), random}; }

    Result<Outcome> publish(const std::string& text, const std::vector<std::string>& ours = {}) {
        record.text = text;
        return updater().publish(record, ours);
    }

    Result<Outcome> withdraw(const std::vector<std::string>& ours) {
        return updater().withdraw(record, ours);
    }

    std::string code_of(const Result<Outcome>& result) {
        return result ? "" : std::string(result.error().code);
    }

    using Texts = std::vector<std::string>;
    Server server{GetParam()};
    SystemRandom random;
    const std::string name = "s1._domainkey.example.org.";
    TextRecord record{.zone = DomainName::parse("example.org").value(),
                      .name = DomainName::parse("s1._domainkey.example.org").value(),
                      .text = "",
                      .ttl = std::chrono::seconds(600)};
};

INSTANTIATE_TEST_SUITE_P(Algorithms,
                         Update,
                         ::testing::Values("hmac-sha256", "hmac-sha512"),
                         [](const auto& row) { return std::string(row.param).substr(5); });

TEST_P(Update, DK_18_a_record_is_published_where_there_is_none) {
    const std::string text = "v=DKIM1; p=" + std::string(700, 'A');
    const auto done = publish(text);
    ASSERT_TRUE(done) << done.error().text;
    EXPECT_EQ(*done, Outcome::done);
    EXPECT_EQ(server.texts[name], Texts{text});
    EXPECT_EQ(server.ttls[name], 600U);
    EXPECT_EQ(server.asked, 1);
    EXPECT_EQ(publish(text), Outcome::already);
    EXPECT_EQ(server.texts[name], Texts{text});
}

TEST_P(Update, RFC2136_2_4_a_record_that_is_not_ours_is_left_as_it_is) {
    for (const Texts& there : {Texts{"another"},
                               Texts{"new", "another"},
                               Texts{"old", "another"},
                               Texts{"old", "new"}}) {
        server.texts[name] = there;
        EXPECT_EQ(code_of(publish("new", {"old"})), "dnsupdate.foreign");
        EXPECT_EQ(server.texts[name], there);
        EXPECT_EQ(code_of(withdraw({"new", "old"})), "dnsupdate.foreign");
        EXPECT_EQ(server.texts[name], there);
    }
    server.texts.clear();
    server.cnames = {name};
    EXPECT_EQ(code_of(publish("new")), "dnsupdate.foreign");
    EXPECT_TRUE(server.texts.empty());
}

TEST_P(Update, DK_18_our_own_record_gives_way_to_the_next_and_goes) {
    server.texts[name] = {"old"};
    EXPECT_EQ(publish("new", {"older", "old"}), Outcome::done);
    EXPECT_EQ(server.texts[name], Texts{"new"});
    EXPECT_EQ(withdraw({"old", "new"}), Outcome::done);
    EXPECT_TRUE(server.texts.empty());
    EXPECT_EQ(withdraw({"old", "new"}), Outcome::already);
}

TEST_P(Update, RFC2136_3_1_the_zone_is_asked_of_the_server) {
    const auto zone = updater().find_zone(record.name);
    ASSERT_TRUE(zone) << zone.error().text;
    EXPECT_EQ(zone->ascii(), "example.org");
    server.zone = "_domainkey.example.org.";
    EXPECT_EQ(updater().find_zone(record.name).value().ascii(), "_domainkey.example.org");
    server.zone = "example.net.";
    EXPECT_EQ(updater().find_zone(record.name).error().code, "dnsupdate.no_zone");
    record.zone = DomainName::parse("example.net").value();
    server.asked = 0;
    EXPECT_EQ(code_of(publish("new")), "dnsupdate.not_zone");
    EXPECT_EQ(server.asked, 0);
}

TEST_P(Update, RFC2136_2_2_a_refusal_is_told_and_nothing_else_is_tried) {
    const std::pair<int, const char*> rows[] = {{1, "dnsupdate.refused"},
                                                {2, "dnsupdate.server_failure"},
                                                {3, "dnsupdate.refused"},
                                                {4, "dnsupdate.refused"},
                                                {5, "dnsupdate.refused"},
                                                {6, "dnsupdate.refused"},
                                                {9, "dnsupdate.refused"},
                                                {10, "dnsupdate.refused"},
                                                {15, "dnsupdate.refused"}};
    for (const auto& [code, error] : rows) {
        for (const bool without_tsig : {false, true}) {
            server.asked = 0;
            server.wrong = {.code = code, .without_tsig = without_tsig};
            EXPECT_EQ(code_of(publish("new", {"old"})), error) << code;
            EXPECT_EQ(code_of(withdraw({"old"})), error) << code;
            EXPECT_EQ(server.asked, 2);
        }
    }
}

// Nobody on the way can say that something was published, or that it is foreign.
TEST_P(Update, RFC8945_5_3_what_is_not_signed_by_the_key_is_not_believed) {
    const testing::Wrong rows[] = {{.without_tsig = true},
                                   {.code = 7, .without_tsig = true},
                                   {.code = 8, .without_tsig = true},
                                   {.secret = testing::other_secret},
                                   {.code = 7, .secret = testing::other_secret},
                                   {.key_name = "other.example.org."},
                                   {.algorithm = "hmac-sha1."}};
    for (const auto& wrong : rows) {
        server.wrong = wrong;
        EXPECT_EQ(code_of(publish("new")), "dnsupdate.unverified");
        EXPECT_FALSE(updater().find_zone(record.name));
    }
    server.wrong = {.id = true};
    EXPECT_EQ(code_of(publish("new")), "dnsupdate.bad_answer");
    server.wrong = {.truncated = true};
    EXPECT_EQ(code_of(publish("new")), "dnsupdate.bad_answer");
    server.wrong = {.is_question = true};
    EXPECT_EQ(code_of(publish("new")), "dnsupdate.bad_answer");
}

TEST_P(Update, RFC2136_an_exchange_that_fails_is_the_error) {
    Updater updater(
        [](std::string_view) -> Result<std::string> {
            return fail("dnsupdate.unreachable", Fault::temporary, "gone");
        },
        make_key(GetParam()),
        random);
    record.text = "new";
    EXPECT_EQ(code_of(updater.publish(record, {})), "dnsupdate.unreachable");
    EXPECT_EQ(code_of(updater.withdraw(record, {})), "dnsupdate.unreachable");
}

}  // namespace
}  // namespace bulla::dnsupdate
