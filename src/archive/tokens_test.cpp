#include "archive/tokens.h"

#include "archive/catalogue.h"
#include "archive/testing.h"

#include <algorithm>

namespace bulla::archive {
namespace {

using testing::TemporaryDirectory;

/// A migrated database with a vault.
struct Fixture {
    Fixture() {
        database =
            store::Database::open({.url = "sqlite://" + (directory.path() / "bulla.db").string()},
                                  store::Access::read_write)
                .value();
        connection.emplace(database->connect(store::Access::read_write).value());
        EXPECT_TRUE(store::migrate(*connection, clock).has_value());
        auto tx = store::Tx::begin(*connection).value();
        vault.emplace(vault::Vault::create(
                          tx, SecretBytes("passphrase"), random, {.passes = 1, .memory = 8192})
                          .value());
        EXPECT_TRUE(tx.finish().has_value());
    }

    void add(std::int64_t id, const Summary& summary) {
        auto tx = store::Tx::begin(*connection).value();
        const auto sealed = seal_message(*vault,
                                         {.id = MessageId(id),
                                          .archived = true,
                                          .role = "relay",
                                          .size = 10,
                                          .summary = write_summary(summary),
                                          .trace = "{}",
                                          .terms = terms_of(summary)});
        EXPECT_TRUE(insert_message(tx, sealed, {.volume = "main"}, id).has_value());
        EXPECT_TRUE(tx.finish().has_value());
    }

    std::vector<std::int64_t> list(const ListQuery& query) {
        const Catalogue catalogue(*connection, *vault);
        std::vector<std::int64_t> ids;
        for (const auto& stored : catalogue.list(query).value().messages) {
            ids.push_back(stored.row.id.number());
        }
        return ids;
    }

    TemporaryDirectory directory;
    SystemRandom random;
    ManualClock clock{from_unix(1'795'000'000)};
    std::unique_ptr<store::Database> database;
    std::optional<store::Connection> connection;
    std::optional<vault::Vault> vault;
};

using Ids = std::vector<std::int64_t>;

TEST(Tokens, API_02_messages_are_found_by_address_domain_direction_group_and_state) {
    Fixture at;
    at.add(1, {.from = "Ann@Example.org", .recipients = {"bob@x.test"}, .direction = "out"});
    at.add(2,
           {.from = "zoe@example.org",
            .recipients = {"bob@x.test", "carl@y.test"},
            .sender = "bounce@lists.test",
            .direction = "out",
            .groups = {"board"}});
    at.add(3, {.from = "eve@y.test", .recipients = {"ann@example.org"}, .direction = "in"});
    auto tx = store::Tx::begin(*at.connection).value();
    ASSERT_TRUE(save_check(tx, MessageId(1), {"failed", "cracked"}, at.clock.now()).has_value());
    ASSERT_TRUE(save_check(tx, MessageId(2), {"failed", "cracked"}, at.clock.now()).has_value());
    ASSERT_TRUE(save_check(tx, MessageId(2), {"verified", "whole"}, at.clock.now()).has_value());
    ASSERT_TRUE(tx.finish().has_value());
    using enum TermKind;
    const auto term = [](TermKind kind, std::string_view value) { return make_term(kind, value); };
    EXPECT_EQ(at.list({}), (Ids{3, 2, 1}));
    EXPECT_EQ(at.list({.terms = {term(sender, "ann@EXAMPLE.org")}}), Ids{1});
    EXPECT_EQ(at.list({.terms = {term(sender, "@example.org")}}), (Ids{2, 1}));
    EXPECT_EQ(at.list({.terms = {term(sender, "bounce@lists.test")}}), Ids{2});
    EXPECT_EQ(at.list({.terms = {term(recipient, "bob@x.test")}, .limit = 1}), Ids{2});
    EXPECT_EQ(at.list({.before = MessageId(2), .terms = {term(recipient, "bob@x.test")}}), Ids{1});
    EXPECT_EQ(at.list({.terms = {term(recipient, "@x.test"), term(group, "board")}}), Ids{2});
    EXPECT_EQ(at.list({.terms = {term(direction, "in")}}), Ids{3});
    EXPECT_EQ(at.list({.check = "failed"}), Ids{1});
    EXPECT_EQ(at.list({.terms = {term(direction, "out")}, .check = "verified"}), Ids{2});
    EXPECT_EQ(at.list({.check = "unchecked"}), Ids{3});
    EXPECT_EQ(at.list({.terms = {term(sender, "bob@x.test")}}), Ids{})
        << "a recipient is no sender";
}

TEST(Tokens, API_02_every_list_goes_by_an_index) {
    Fixture at;
    const std::vector<ListQuery> queries = {{},
                                            {.terms = {"a"}},
                                            {.terms = {"a", "b", "c"}},
                                            {.check = "failed"},
                                            {.terms = {"a"}, .check = "failed"}};
    for (const auto& query : queries) {
        const auto sql = "explain query plan " + make_list_sql(query);
        // A colon stands before a placeholder's name and nowhere else in these texts.
        std::vector<store::Param> params(static_cast<std::size_t>(std::ranges::count(sql, ':')),
                                         store::Param(1));
        std::string plan;
        const auto take = [&](const std::string& detail) {
            plan += detail + "\n";
            return true;
        };
        using Number = std::int64_t;
        ASSERT_TRUE((at.connection
                         ->visit<Number, Number, Number, std::string>(
                             sql,
                             store::Params(std::span<const store::Param>(params)),
                             [&](std::tuple<Number, Number, Number, std::string>&& row) {
                                 return take(std::get<3>(row));
                             })
                         .has_value()));
        EXPECT_NE(plan, "");
        EXPECT_EQ(plan.find("SCAN"), std::string::npos) << sql << "\n" << plan;
        EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << sql << "\n" << plan;
    }
}

TEST(Tokens, DESIGN_3_the_database_holds_no_address) {
    Fixture at;
    at.add(1, {.from = "ann@secret.test", .recipients = {"bob@secret.test"}});
    const auto other = make_tokens(
        *at.vault, {make_term(TermKind::sender, "x"), make_term(TermKind::recipient, "x")});
    EXPECT_NE(other[0], other[1]) << "a token tells the role of its address apart";
    EXPECT_GE(std::min(other[0], other[1]), 0);
    const auto rows =
        at.connection->query<std::string>("select summary || trace from message").value();
    EXPECT_EQ(std::get<0>(rows[0]).find("secret"), std::string::npos);
}

}  // namespace
}  // namespace bulla::archive
