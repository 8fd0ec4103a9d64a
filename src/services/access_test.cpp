#include "services/access.h"

#include "services/testing.h"

#include <gtest/gtest.h>

#include <map>

namespace bulla::services {
namespace {

using directory::AccountRole;
using nlohmann::json;
using testing::TestInstance;

char letter_of(Permission permission) {
    constexpr std::string_view letters = "-aoX";
    return letters.at(static_cast<std::size_t>(permission));
}

/// What user, domain_admin, auditor and admin may: - nothing, a on itself, o in its own domains, X all.
const std::map<std::string, std::string>& rights() {
    static const std::map<std::string, std::string> all = {
        {"domain.add", "---X"},          {"domain.list", "-oXX"},    {"domain.remove", "---X"},
        {"domain.disable", "---X"},      {"account.add", "-o-X"},    {"account.list", "aoXX"},
        {"account.passwd", "-o-X"},      {"account.role", "---X"},   {"account.disable", "-o-X"},
        {"account.address", "-o-X"},     {"account.rename", "-o-X"}, {"account.remove", "-o-X"},
        {"settings.get", "-oXX"},        {"settings.list", "-oXX"},  {"settings.set", "-o-X"},
        {"settings.reset", "-o-X"},      {"dkim.add", "-o-X"},       {"dkim.list", "-oXX"},
        {"dkim.activate", "-o-X"},       {"dkim.remove", "-o-X"},    {"dkim.rotate", "-o-X"},
        {"dkim.policy.set", "---X"},     {"dkim.check", "-o-X"},     {"dkim.test", "-o-X"},
        {"dkim.publish", "-o-X"},        {"dkim.withdraw", "-o-X"},  {"signer.create", "---X"},
        {"signer.import", "---X"},       {"signer.rotate", "---X"},  {"signer.retire", "---X"},
        {"signer.list", "--XX"},         {"group.add", "---X"},      {"group.set", "---X"},
        {"group.remove", "---X"},        {"group.list", "--XX"},     {"group.member.add", "---X"},
        {"group.member.remove", "---X"}, {"queue.list", "--XX"},     {"queue.show", "--XX"},
        {"queue.retry", "---X"},         {"queue.hold", "---X"},     {"queue.release", "---X"},
        {"queue.delete", "---X"},        {"status", "--XX"},         {"reload", "---X"},
        {"audit.list", "--XX"},          {"auth.login", "XXXX"},     {"auth.session", "XXXX"},
        {"auth.logout", "XXXX"},         {"auth.password", "aaaa"},  {"session.list", "aoaX"},
        {"session.revoke", "aoaX"},      {"token.create", "aaaa"},   {"token.list", "aoaX"},
        {"token.revoke", "aoaX"},        {"totp.enroll", "aaaa"},    {"totp.confirm", "aaaa"},
        {"totp.disable", "aoaX"},        {"dns.check", "-oXX"},      {"setup.checklist", "--XX"},
        {"setup.confirm", "---X"}};
    return all;
}

TEST(Access, every_call_says_what_each_role_may) {
    for (const Service& service : list_services()) {
        const std::string name(service.name);
        std::string found;
        for (const auto role : {AccountRole::user,
                                AccountRole::domain_admin,
                                AccountRole::auditor,
                                AccountRole::admin}) {
            found += letter_of(permission_of(name, role));
        }
        if (name.starts_with("archive.") || name.starts_with("log.") || name.starts_with("job.") ||
            name == "dkim.policy" || name == "dkim.policy.get" || name == "dkim.policy.try" ||
            name == "explain" || name == "stats" || name == "search") {
            EXPECT_EQ(found, "--XX") << name;
            continue;
        }
        ASSERT_TRUE(rights().contains(name)) << name << " has no line in this table";
        EXPECT_EQ(found, rights().at(name)) << name;
    }
    EXPECT_EQ(permission_of("nothing", AccountRole::admin), Permission::denied);
}

class AccessTest : public ::testing::Test {
  protected:
    AccessTest() {
        for (const char* domain : {"example.org", "other.org"}) {
            EXPECT_EQ(at_.error_of("domain.add", {{"name", domain}}), "");
        }
        add("dora@example.org", "domain_admin");
        add("ann@example.org", "user");
        add("bob@other.org", "user");
        add("ada@example.org", "auditor");
        add("anton@example.org", "admin");
    }

    void add(const std::string& address, const std::string& role) {
        EXPECT_EQ(at_.error_of("account.add", {{"address", address}, {"role", role}}), "");
    }

    [[nodiscard]] Principal principal(const std::string& login) const {
        const auto account = at_.instance->snapshots().current()->find_account(login);
        return {
            .login = login, .role = account->role, .domains = account->domains, .scopes = {"*"}};
    }

    [[nodiscard]] std::string error_of(const Principal& who,
                                       std::string_view call,
                                       const json& arguments) const {
        const auto result = check_access(*at_.context->snapshots.current(), who, call, arguments);
        return result ? "" : std::string(result.error().code);
    }

    TestInstance at_;
};

TEST_F(AccessTest, a_domain_admin_acts_on_its_domains_and_their_users_alone) {
    const Principal dora = principal("dora@example.org");
    EXPECT_EQ(dora.domains, std::vector<std::string>{"example.org"});

    struct Row {
        bool may;
        std::string call;
        json arguments;
    };

    const std::vector<Row> rows = {
        {true, "account.add", {{"address", "new@example.org"}}},
        {true, "account.add", {{"address", "new@EXAMPLE.org"}, {"role", "user"}}},
        {false, "account.add", {{"address", "new@example.org"}, {"role", "admin"}}},
        {false, "account.add", {{"address", "new@example.org"}, {"role", "domain_admin"}}},
        {false, "account.add", {{"address", "new@other.org"}}},
        {false, "account.add", json::object()},
        {true, "account.passwd", {{"login", "ann@example.org"}}},
        {true, "account.passwd", {{"login", "ANN@example.org"}}},
        {false, "account.passwd", {{"login", "bob@other.org"}}},
        {false, "account.passwd", {{"login", "ada@example.org"}}},
        {false, "account.passwd", {{"login", "anton@example.org"}}},
        {false, "account.passwd", {{"login", "nobody@example.org"}}},
        {false, "account.remove", {{"login", "admin"}}},
        {true, "account.address", {{"login", "ann@example.org"}, {"address", "x@example.org"}}},
        {false, "account.address", {{"login", "ann@example.org"}, {"address", "x@other.org"}}},
        {false, "account.role", {{"login", "ann@example.org"}, {"role", "admin"}}},
        {true, "dkim.add", {{"domain", "example.org"}, {"selector", "s"}}},
        {false, "dkim.add", {{"domain", "other.org"}, {"selector", "s"}}},
        {true, "settings.set", {{"scope", "domain:example.org"}}},
        {true, "settings.set", {{"scope", "account:ann@example.org"}}},
        {false, "settings.set", {{"scope", "account:bob@other.org"}}},
        {false, "settings.set", {{"scope", "domain:other.org"}}},
        {false, "settings.set", {{"scope", "server"}}},
        {false, "settings.set", json::object()},
        {false, "domain.remove", {{"name", "example.org"}}},
        {true, "totp.disable", {{"login", "ann@example.org"}}},
        {false, "totp.enroll", {{"login", "ann@example.org"}}},
        {true, "totp.enroll", {{"login", "dora@example.org"}}},
        {false, "token.create", {{"login", "ann@example.org"}, {"name", "x"}}},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(error_of(dora, row.call, row.arguments), row.may ? "" : "access.denied")
            << row.call << ' ' << row.arguments.dump();
    }
}

TEST_F(AccessTest, lists_show_what_a_role_may_see) {
    const auto names = [&](const std::string& login, const char* call, const char* member) {
        std::string out;
        const auto listed = call_as(*at_.context, principal(login), call, json::object());
        EXPECT_TRUE(listed) << listed.error().text;
        for (const auto& one : *listed) {
            out += one[member].get<std::string>() + " ";
        }
        return out;
    };
    EXPECT_EQ(names("dora@example.org", "domain.list", "name"), "example.org ");
    EXPECT_EQ(names("anton@example.org", "domain.list", "name"),
              "example.org example.test other.org ");
    EXPECT_EQ(names("ann@example.org", "account.list", "login"), "ann@example.org ");
    EXPECT_EQ(names("dora@example.org", "account.list", "login"),
              "ada@example.org ann@example.org anton@example.org dora@example.org ");
}

TEST_F(AccessTest, tokens_are_good_for_their_scopes_only) {
    Principal token = principal("anton@example.org");
    token.by_token = true;

    struct Row {
        std::string scope, call, error;
    };

    const std::vector<Row> rows = {{"read", "domain.list", ""},
                                   {"read", "domain.add", "access.scope"},
                                   {"read", "audit.list", ""},
                                   {"read", "archive.verify", ""},
                                   {"read", "job.show", ""},
                                   {"read", "archive.verify_all", "access.scope"},
                                   {"read", "job.cancel", "access.scope"},
                                   {"archive.", "archive.verify_all", ""},
                                   {"queue.", "queue.retry", ""},
                                   {"queue.", "domain.list", "access.scope"},
                                   {"queue.list", "queue.list", ""},
                                   {"queue.list", "queue.show", "access.scope"},
                                   {"queue", "queue.list", "access.scope"},
                                   {"*", "domain.add", ""},
                                   {"*", "totp.disable", "access.session_needed"}};
    for (const Row& row : rows) {
        token.scopes = {row.scope};
        EXPECT_EQ(error_of(token, row.call, json::object()), row.error)
            << row.scope << ' ' << row.call;
    }
}

TEST_F(AccessTest, nobody_resets_the_own_password_without_the_old_one) {
    // Whoever sits down at an open session must not be able to keep the account.
    for (const char* login : {"anton@example.org", "ANTON@example.org"}) {
        EXPECT_EQ(error_of(principal("anton@example.org"), "account.passwd", {{"login", login}}),
                  "access.own_password");
    }
    EXPECT_EQ(
        error_of(principal("anton@example.org"), "account.passwd", {{"login", "ada@example.org"}}),
        "");
}

TEST_F(AccessTest, a_password_for_one_use_opens_nothing_but_its_change) {
    Principal anton = principal("anton@example.org");
    anton.must_change_password = true;
    EXPECT_EQ(error_of(anton, "domain.list", json::object()), "access.password_first");
    EXPECT_EQ(error_of(anton, "auth.password", {{"login", "anton@example.org"}}), "");
    EXPECT_EQ(error_of(anton, "auth.password", {{"login", "ann@example.org"}}), "access.denied");
}

}  // namespace
}  // namespace bulla::services
