#include "services/service.h"

#include "base/date.h"
#include "crypto/key.h"
#include "seal/entry.h"
#include "services/testing.h"
#include "vault/password.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sys/stat.h>

namespace bulla::services {
namespace {

using nlohmann::json;
using testing::TestInstance;

std::string sql_text(TestInstance& at, std::string_view sql) {
    auto connection = at.instance->database().lease();
    const auto row = (*connection)->query_first<std::string>(sql);
    return row && *row ? std::get<0>(**row) : "(none)";
}

std::int64_t sql_number(TestInstance& at, std::string_view sql) {
    auto connection = at.instance->database().lease();
    const auto row = (*connection)->query_first<std::int64_t>(sql);
    return row && *row ? std::get<0>(**row) : -1;
}

mode_t mode_of(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777U : 0;
}

TEST(Services, c2_4_init_makes_an_instance) {
    TestInstance at;
    EXPECT_EQ(mode_of(at.config.passphrase_file), 0600U);
    EXPECT_EQ(mode_of(at.config.state_path), 0700U);
    EXPECT_EQ(mode_of(at.config.state_path + "/lock"), 0600U);
    EXPECT_EQ(at.init.one_time_password.size(), 23U);
    const auto admin = at.instance->snapshots().current()->find_account("admin");
    ASSERT_NE(admin, nullptr);
    EXPECT_EQ(admin->role, directory::AccountRole::admin);
    EXPECT_TRUE(admin->one_time_password);
    EXPECT_TRUE(vault::verify_password(admin->password, at.init.one_time_password));
    EXPECT_FALSE(vault::verify_password(admin->password, at.init.one_time_password + "x"));
    std::ifstream log_pub(at.config.state_path + "/log.pub");
    std::string line;
    std::getline(log_pub, line);
    EXPECT_EQ(line, at.init.log_key);
    EXPECT_EQ(line, at.instance->log_key());
}

TEST(Services, c2_4_init_never_overwrites) {
    TestInstance at;
    const auto again = init_instance({.directory = at.folder.path() + "/i",
                                      .domain = DomainName::parse("other.test").value(),
                                      .admin = Mailbox::parse("a@other.test").value()},
                                     at.clock,
                                     at.random);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, "instance.exists");
}

TEST(Services, c2_4_a_wrong_passphrase_opens_nothing) {
    TestInstance at;
    at.close();
    std::ofstream(at.config.passphrase_file) << "something else\n";
    const auto opened = Instance::open(at.config, {}, at.clock, at.random);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, "vault.wrong_passphrase");
}

TEST(Services, c2_4_one_process_owns_an_instance_and_others_read) {
    TestInstance at;
    const auto second =
        Instance::open(at.config,
                       {.mode = OpenMode::owner, .lock_patience = {}, .become_owner = false},
                       at.clock,
                       at.random);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, "instance.locked");
    const auto reader = Instance::open(at.config, {.mode = OpenMode::reader}, at.clock, at.random);
    ASSERT_TRUE(reader) << reader.error().text;
    const auto context = (*reader)->make_context(nullptr);
    EXPECT_TRUE(call_service(*context, {"cli:x"}, "domain.list", json::object()));
    const auto refused = call_service(*context, {"cli:x"}, "domain.add", {{"name", "example.org"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "service.read_only");
    EXPECT_FALSE((*reader)->sealer().commit({}));
}

TEST(Services, GW_06_a_change_its_audit_entry_and_the_revision_are_one_commit) {
    TestInstance at;
    const std::int64_t revision =
        std::stoll(sql_text(at, "select value from meta where name = 'revision'"));
    ASSERT_TRUE(at.call("domain.add", {{"name", "Example.ORG"}}));
    EXPECT_EQ(sql_text(at, "select value from meta where name = 'revision'"),
              std::to_string(revision + 1));
    EXPECT_EQ(at.instance->snapshots().current()->revision,
              static_cast<std::uint64_t>(revision + 1));
    EXPECT_TRUE(
        at.instance->snapshots().current()->is_local(DomainName::parse("example.org").value()));
    const auto entries = at.call("audit.list", {{"limit", 1}}).value()["items"];
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0]["action"], "domain.add");
    EXPECT_EQ(entries[0]["target"], "example.org");
    EXPECT_EQ(entries[0]["actor"], "cli:test");
    const auto leaf = seal::parse_audit_leaf(
        sql_text(at, "select entry from log_leaf order by idx desc limit 1"));
    ASSERT_TRUE(leaf);
    EXPECT_EQ(leaf->action, "domain.add");
    EXPECT_EQ(write_rfc3339(leaf->time, true), entries[0]["at"].get<std::string>());
    EXPECT_EQ(sql_number(at, "select max(idx) from log_leaf"),
              entries[0]["index"].get<std::int64_t>());
}

TEST(Services, GW_06_a_refused_change_leaves_nothing) {
    TestInstance at;
    const std::int64_t leaves = sql_number(at, "select count(*) from log_leaf");
    const std::string revision = sql_text(at, "select value from meta where name = 'revision'");
    EXPECT_EQ(at.error_of("domain.add", {{"name", "example.test"}}), "domain.exists");
    EXPECT_EQ(at.error_of("domain.add", {{"name", "a b"}}), "domain.bad");
    EXPECT_EQ(at.error_of("domain.add", {{"name", 3}}), "service.bad_argument");
    EXPECT_EQ(at.error_of("domain.add", {{"name", "a.example"}, {"extra", 1}}),
              "service.bad_argument");
    EXPECT_EQ(at.error_of("domain.add"), "service.bad_argument");
    EXPECT_EQ(at.error_of("domain.list", json::array()), "service.bad_argument");
    EXPECT_EQ(at.error_of("nothing"), "service.unknown");
    EXPECT_EQ(at.error_of("group.member.remove", {{"name", "none"}, {"pattern", "*"}}),
              "group.missing");
    EXPECT_EQ(sql_number(at, "select count(*) from log_leaf"), leaves);
    EXPECT_EQ(sql_text(at, "select value from meta where name = 'revision'"), revision);
}

// Each form of the console shows a refusal beside the input that it is about.
TEST(Services, c3_1_a_refusal_names_the_argument_that_is_wrong) {
    TestInstance at;

    struct Row {
        std::string_view call;
        json arguments;
        std::string_view field;
    };

    const json signer = {{"id", "s"}, {"type", "ed25519"}};
    const json group = {{"name", "g"}};
    const json key = {{"domain", "example.test"}, {"selector", "s"}, {"type", "ed25519"}};
    const json account = {{"address", "ann@example.test"}};
    for (const auto& [call, arguments] :
         std::initializer_list<std::pair<std::string_view, json>>{{"signer.create", signer},
                                                                  {"group.add", group},
                                                                  {"dkim.add", key},
                                                                  {"account.add", account}}) {
        ASSERT_EQ(at.error_of(call, arguments), "");
    }
    const auto with = [](json object, const char* name, json value) {
        object[name] = std::move(value);
        return object;
    };
    const json ben = {{"address", "ben@example.test"}};
    const Row rows[] = {
        {"domain.add", {{"name", "a b"}}, "name"},
        {"domain.add", {{"name", "example.test"}}, "name"},
        {"domain.add", {{"name", 3}}, "name"},
        {"domain.add", {{"name", "a.test"}, {"extra", 1}}, "extra"},
        {"account.add", {{"address", "ann"}}, "address"},
        {"account.add", {{"address", "ann@other.test"}}, "address"},
        {"account.add", account, "address"},
        {"account.add", with(ben, "login", "ann@example.test"), "login"},
        {"account.add", with(ben, "login", "a b"), "login"},
        {"account.add", with(ben, "role", "king"), "role"},
        {"account.add", with(ben, "password", "short"), "password"},
        {"account.add",
         {{"address", "ben@example.test"}, {"role", "domain_admin"}, {"domains", {"none.test"}}},
         "domains"},
        {"account.address", {{"login", "ann@example.test"}, {"address", "@"}}, "address"},
        {"account.rename", {{"login", "ann@example.test"}, {"new_login", "a b"}}, "new_login"},
        {"settings.set", {{"name", "send_as"}, {"value", "king"}}, "value"},
        {"settings.set",
         {{"name", "send_as"}, {"value", "domain"}, {"scope", "domain:none.test"}},
         "scope"},
        {"group.add", {{"name", "a b"}}, "name"},
        {"group.add", group, "name"},
        {"group.add", {{"name", "h"}, {"members", {"a@b@c"}}}, "members"},
        {"group.add", {{"name", "h"}, {"archival_signer", "none"}}, "archival_signer"},
        {"group.member.add", {{"name", "g"}, {"pattern", "a@b@c"}}, "pattern"},
        {"signer.create", with(signer, "id", "a b"), "id"},
        {"signer.create", signer, "id"},
        {"signer.create", {{"id", "t"}, {"type", "none"}}, "type"},
        {"signer.create", {{"id", "t"}, {"type", "ed25519"}, {"bits", 2048}}, "bits"},
        {"signer.import", {{"id", "t"}, {"private_key", "no key"}}, "private_key"},
        {"dkim.add", key, "selector"},
        {"dkim.add", with(key, "selector", "a b"), "selector"},
        {"dkim.add", with(key, "type", "none"), "type"},
        {"dkim.add", {{"domain", "example.test"}, {"selector", "t"}, {"bits", 512}}, "bits"},
        {"dkim.add",
         {{"domain", "example.test"}, {"selector", "t"}, {"private_key", "no key"}},
         "private_key"},
        {"token.create", {{"login", "ann@example.test"}, {"name", ""}}, "name"},
        {"token.create",
         {{"login", "ann@example.test"}, {"name", "t"}, {"scopes", {"A B"}}},
         "scopes"},
        {"token.create", {{"login", "ann@example.test"}, {"name", "t"}, {"days", -1}}, "days"},
        {"archive.list", {{"sender", "nobody"}}, "sender"},
        {"audit.list", {{"cursor", "x"}}, "cursor"},
        {"stats", {{"range", "1y"}}, "range"},
    };
    for (const Row& row : rows) {
        const auto result = at.call(row.call, row.arguments);
        ASSERT_FALSE(result) << row.call << row.arguments;
        EXPECT_EQ(result.error().field, row.field) << row.call << row.arguments;
        EXPECT_EQ(result.error().fault, Fault::sender) << row.call << row.arguments;
    }
    // What is wrong with no argument in particular, or is not the caller's fault, names none.
    EXPECT_EQ(at.call("domain.remove", {{"name", "example.test"}}).error().field, "");
    EXPECT_EQ(at.call("group.set", {{"name", "g"}}).error().field, "");
}

TEST(Services, c2_4_domains_in_use_stay) {
    TestInstance at;
    EXPECT_EQ(at.error_of("domain.remove", {{"name", "example.test"}}), "domain.in_use");
    ASSERT_TRUE(at.call("domain.add", {{"name", "example.org"}}));
    ASSERT_TRUE(
        at.call("dkim.add", {{"domain", "example.org"}, {"selector", "s1"}, {"type", "ed25519"}}));
    EXPECT_EQ(at.error_of("domain.remove", {{"name", "example.org"}}), "domain.has_keys");
    EXPECT_EQ(at.error_of("domain.remove", {{"name", "example.org"}, {"force", true}}), "");
    EXPECT_EQ(sql_number(at, "select count(*) from vault_item where kind = 'dkim'"), 0);
    EXPECT_EQ(at.error_of("domain.remove", {{"name", "example.org"}}), "domain.missing");
}

TEST(Services, GW_05_accounts) {
    TestInstance at;
    ASSERT_EQ(at.error_of("account.add",
                          {{"address", "Ann@example.test"}, {"password", "correct horse"}}),
              "");
    const auto ann = at.instance->snapshots().current()->find_account("ann@example.test");
    ASSERT_NE(ann, nullptr);
    EXPECT_FALSE(ann->one_time_password);
    EXPECT_TRUE(vault::verify_password(ann->password, "correct horse"));

    struct Row {
        std::string code, call;
        json arguments;
    };

    const std::vector<Row> rows = {
        {"account.exists", "account.add", {{"address", "ann@example.test"}}},
        {"account.address_taken",
         "account.add",
         {{"address", "ANN@example.test"}, {"login", "ann2"}}},
        {"account.foreign_domain", "account.add", {{"address", "bob@elsewhere.test"}}},
        {"", "account.add", {{"address", "auditor@elsewhere.test"}, {"role", "auditor"}}},
        {"role.bad", "account.add", {{"address", "bob@example.test"}, {"role", "root"}}},
        {"account.weak_password",
         "account.add",
         {{"address", "bob@example.test"}, {"password", "1234567"}}},
        {"account.weak_password",
         "account.add",
         {{"address", "bob@example.test"}, {"password", std::string(1025, 'x')}}},
        {"account.bad_login", "account.add", {{"address", "bob@example.test"}, {"login", "a b"}}},
        {"account.bad_login",
         "account.add",
         {{"address", "bob@example.test"}, {"login", std::string(184, 'x')}}},
        {"",
         "account.add",
         {{"address", "bob@example.test"},
          {"login", std::string(183, 'x')},
          {"password", std::string(1024, 'x')}}},
        {"account.missing", "account.passwd", {{"login", "nobody"}}},
        {"account.last_admin", "account.role", {{"login", "admin"}, {"role", "user"}}},
        {"account.last_admin", "account.disable", {{"login", "admin"}}},
        {"", "account.role", {{"login", "ann@example.test"}, {"role", "admin"}}},
        {"", "account.disable", {{"login", "admin"}}},
        {"account.last_admin",
         "account.role",
         {{"login", "ann@example.test"}, {"role", "auditor"}}},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(at.error_of(row.call, row.arguments), row.code)
            << row.call << row.arguments.dump().substr(0, 200);
    }
    EXPECT_TRUE(at.instance->snapshots().current()->find_account("admin")->disabled);
    const auto reset = at.call("account.passwd", {{"login", "ANN@example.test"}}).value();
    EXPECT_TRUE(vault::verify_password(
        at.instance->snapshots().current()->find_account("ann@example.test")->password,
        reset["one_time_password"].get<std::string>()));
}

TEST(Services, accounts_are_moved_renamed_and_removed_and_then_their_domain) {
    TestInstance at;
    const auto snapshot = [&] { return at.instance->snapshots().current(); };
    ASSERT_EQ(at.error_of("domain.add", {{"name", "example.org"}}), "");
    ASSERT_EQ(at.error_of("account.add", {{"address", "ann@example.org"}, {"login", "ann"}}), "");
    ASSERT_EQ(at.error_of("account.add", {{"address", "bob@example.org"}, {"login", "bob"}}), "");
    ASSERT_EQ(at.error_of("settings.set",
                          {{"name", "send_as"}, {"value", "any"}, {"scope", "account:ann"}}),
              "");

    struct Row {
        std::string code, call;
        json arguments;
    };

    const std::vector<Row> rows = {
        {"account.address_taken",
         "account.address",
         {{"login", "ann"}, {"address", "BOB@example.org"}}},
        {"account.foreign_domain",
         "account.address",
         {{"login", "ann"}, {"address", "ann@elsewhere.test"}}},
        {"", "account.address", {{"login", "ann"}, {"address", "anna@example.test"}}},
        {"account.exists", "account.rename", {{"login", "ann"}, {"new_login", "BOB"}}},
        {"account.exists", "account.rename", {{"login", "ann"}, {"new_login", "bob@example.org"}}},
        {"account.bad_login", "account.rename", {{"login", "ann"}, {"new_login", "a b"}}},
        {"", "account.rename", {{"login", "ann"}, {"new_login", "anna"}}},
        {"account.missing", "account.remove", {{"login", "ann"}}},
        {"account.last_admin", "account.remove", {{"login", "admin"}}},
        {"domain.in_use", "domain.remove", {{"name", "example.org"}}},
        {"", "account.remove", {{"login", "bob"}}},
        {"", "domain.remove", {{"name", "example.org"}}},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(at.error_of(row.call, row.arguments), row.code) << row.call << row.arguments;
    }
    EXPECT_EQ(snapshot()->find_account("ann"), nullptr);
    const auto anna = snapshot()->find_account("anna");
    ASSERT_NE(anna, nullptr);
    EXPECT_EQ(anna->address.text(), "anna@example.test");
    EXPECT_EQ(anna->send_as, directory::SendAs::any);
    const auto audit = at.call("audit.list", {{"limit", 2}}).value()["items"];
    EXPECT_EQ(audit[1]["action"], "account.remove");
    EXPECT_EQ(audit[1]["target"], "bob");
    EXPECT_EQ(audit[1]["actor"], "cli:test");
    ASSERT_EQ(at.error_of("account.remove", {{"login", "anna"}}), "");
    for (const char* sql :
         {"select count(*) from setting", "select count(*) from account where login <> 'admin'"}) {
        EXPECT_EQ(sql_number(at, sql), 0) << sql;
    }
}

TEST(Services, a_disabled_domain_takes_no_mail_and_lets_no_user_in) {
    TestInstance at;
    const auto snapshot = [&] { return at.instance->snapshots().current(); };
    const auto domain = DomainName::parse("example.test").value();
    ASSERT_EQ(at.error_of("account.add", {{"address", "ann@example.test"}}), "");
    EXPECT_NE(snapshot()->find_route(domain), nullptr);
    ASSERT_EQ(at.error_of("domain.disable", {{"name", "example.test"}}), "");
    EXPECT_TRUE(snapshot()->is_disabled(domain));
    EXPECT_TRUE(snapshot()->is_local(domain));
    EXPECT_EQ(snapshot()->find_route(domain), nullptr);
    EXPECT_TRUE(snapshot()->find_account("ann@example.test")->disabled);
    EXPECT_FALSE(snapshot()->find_account("admin")->disabled);
    EXPECT_EQ(at.call("domain.list").value()[0]["disabled"], true);
    ASSERT_EQ(at.error_of("domain.disable", {{"name", "example.test"}, {"disabled", false}}), "");
    EXPECT_FALSE(snapshot()->find_account("ann@example.test")->disabled);
    EXPECT_NE(snapshot()->find_route(domain), nullptr);
    EXPECT_EQ(at.error_of("domain.disable", {{"name", "none.test"}}), "domain.missing");
}

TEST(Services, GW_05_a_domain_admin_has_domains) {
    TestInstance at;
    ASSERT_EQ(at.error_of("domain.add", {{"name", "example.org"}}), "");
    const auto dora = at.call("account.add",
                              {{"address", "dora@example.test"},
                               {"role", "domain_admin"},
                               {"domains", {"Example.ORG", "example.test"}}})
                          .value();
    EXPECT_EQ(dora["domains"], json({"example.org", "example.test"}));
    EXPECT_EQ(at.instance->snapshots().current()->find_account("dora@example.test")->domains,
              (std::vector<std::string>{"example.org", "example.test"}));
    EXPECT_EQ(
        at.error_of("account.add", {{"address", "u@example.test"}, {"domains", {"example.org"}}}),
        "account.no_domain_admin");
    EXPECT_EQ(
        at.error_of(
            "account.role",
            {{"login", "dora@example.test"}, {"role", "domain_admin"}, {"domains", {"none.test"}}}),
        "domain.missing");
    ASSERT_EQ(at.error_of("account.role", {{"login", "dora@example.test"}, {"role", "user"}}), "");
    EXPECT_EQ(sql_number(at, "select count(*) from account_domain"), 0);
}

TEST(Services, rfc8301_3_2_no_key_is_made_that_verifiers_need_not_take) {
    TestInstance at;
    EXPECT_EQ(at.error_of("dkim.add",
                          {{"domain", "example.test"}, {"selector", "large"}, {"bits", 4097}}),
              "dkim.bad_bits");
}

TEST(Services, times_are_rfc3339_strings) {
    TestInstance at;
    ASSERT_EQ(at.error_of("signer.create", {{"id", "s"}}), "");
    ASSERT_EQ(at.error_of("group.add", {{"name", "g"}}), "");
    ASSERT_EQ(at.error_of("dkim.add",
                          {{"domain", "example.test"}, {"selector", "s"}, {"type", "ed25519"}}),
              "");
    const std::string now = write_rfc3339(at.clock.now(), true);
    for (const char* call :
         {"domain.list", "account.list", "signer.list", "group.list", "dkim.list"}) {
        EXPECT_EQ(at.call(call).value()[0]["created"], now) << call;
    }
    EXPECT_EQ(at.call("signer.list").value()[0]["retired"], nullptr);
    EXPECT_EQ(at.call("audit.list").value()["items"][0]["at"], now);
}

TEST(Services, GW_06_no_secret_is_in_the_log_or_a_list) {
    TestInstance at;
    ASSERT_TRUE(at.call("account.add",
                        {{"address", "ann@example.test"}, {"password", "correct horse battery"}}));
    ASSERT_TRUE(at.call("signer.create", {{"id", "archive"}}));
    const std::string seen =
        at.call("audit.list").value().dump() + at.call("account.list").value().dump() +
        at.call("signer.list").value().dump() + at.call("status").value().dump();
    for (const char* secret : {"correct horse", "argon2", "PRIVATE KEY"}) {
        EXPECT_EQ(seen.find(secret), std::string::npos) << secret;
    }
    EXPECT_EQ(seen.find(at.init.one_time_password), std::string::npos);
}

TEST(Services, c2_4_settings_inherit_and_are_in_force_at_once) {
    TestInstance at;
    const auto domain = DomainName::parse("example.test").value();
    const auto expiry = [&] {
        return at.instance->snapshots().current()->settings_for(domain).dkim_expiry_seconds;
    };
    EXPECT_EQ(expiry(), 604800);
    ASSERT_EQ(at.error_of("settings.set", {{"name", "dkim_expiry"}, {"value", "2 d"}}), "");
    EXPECT_EQ(expiry(), 2 * 86400);
    ASSERT_EQ(
        at.error_of("settings.set",
                    {{"name", "dkim_expiry"}, {"value", "3 d"}, {"scope", "domain:example.test"}}),
        "");
    EXPECT_EQ(expiry(), 3 * 86400);
    EXPECT_EQ(at.instance->snapshots().current()->settings.dkim_expiry_seconds, 2 * 86400);
    EXPECT_EQ(at.call("settings.get", {{"name", "dkim_expiry"}, {"scope", "domain:example.test"}})
                  .value()["source_scope"],
              "domain:example.test");
    ASSERT_EQ(
        at.error_of("settings.reset", {{"name", "dkim_expiry"}, {"scope", "domain:example.test"}}),
        "");
    EXPECT_EQ(expiry(), 2 * 86400);
    ASSERT_EQ(at.error_of("settings.set",
                          {{"name", "send_as"}, {"value", "any"}, {"scope", "account:admin"}}),
              "");
    EXPECT_EQ(at.instance->snapshots().current()->find_account("admin")->send_as,
              directory::SendAs::any);
    EXPECT_EQ(at.call("settings.get", {{"name", "send_as"}, {"scope", "account:admin"}})
                  .value()["effective"],
              "any");
    EXPECT_EQ(at.call("settings.list", {{"scope", "account:admin"}}).value().size(), 1U);
    EXPECT_EQ(at.error_of("settings.set", {{"name", "nothing"}, {"value", "1"}}),
              "setting.unknown");
    EXPECT_EQ(at.error_of("settings.set", {{"name", "dkim_expiry"}, {"value", "soon"}}),
              "setting.bad");
    EXPECT_EQ(
        at.error_of(
            "settings.set",
            {{"name", "trusted_networks"}, {"value", "::1"}, {"scope", "domain:example.test"}}),
        "setting.too_narrow");
    EXPECT_EQ(
        at.error_of("settings.set",
                    {{"name", "dkim_expiry"}, {"value", "1 d"}, {"scope", "domain:none.test"}}),
        "setting.bad_scope");
}

TEST(Services, ARC_09_verification_is_off_until_a_key_is_set_and_says_what_is_wrong) {
    TestInstance at;
    const auto settings = [&] { return at.instance->snapshots().current()->settings; };
    EXPECT_FALSE(settings().signature_verification_enabled);
    const auto missing =
        at.call("settings.set",
                {{"name", "signature_public_key_path"}, {"value", "/nowhere/key.pem"}})
            .value();
    EXPECT_NE(missing["problem"].get<std::string>().find("/nowhere/key.pem"), std::string::npos);
    const std::string path =
        at.call("signer.create", {{"id", "archive"}}).value()["public_key_file"];
    EXPECT_FALSE(at.call("settings.set", {{"name", "signature_public_key_path"}, {"value", path}})
                     .value()
                     .contains("problem"));
    EXPECT_EQ(settings().signature_public_key_path, path);
    EXPECT_TRUE(settings().signature_verification_enabled);
    const auto shown = [&] {
        const auto one =
            at.call("settings.get", {{"name", "signature_verification_enabled"}}).value();
        return one["effective"].get<std::string>() + " " + one["source"].get<std::string>() + " " +
               one["value"].dump();
    };
    EXPECT_EQ(shown(), "1 default null");
    ASSERT_TRUE(
        at.call("settings.set", {{"name", "signature_verification_enabled"}, {"value", "0"}}));
    EXPECT_EQ(shown(), "0 server \"0\"");
    EXPECT_FALSE(settings().signature_verification_enabled);
}

TEST(Services, c2_7_a_domain_signs_with_one_key_of_each_type) {
    TestInstance at;
    const auto selectors = [&] {
        std::string out;
        const auto snapshot = at.instance->snapshots().current();
        for (const auto& key : snapshot->dkim_keys.contains("example.test")
                                   ? snapshot->dkim_keys.at("example.test")
                                   : std::vector<directory::DkimKey>{}) {
            out += key.selector.text() + " ";
        }
        return out;
    };
    const auto first =
        at.call("dkim.add", {{"domain", "example.test"}, {"selector", "e1"}, {"type", "ed25519"}})
            .value();
    EXPECT_TRUE(first["active"]);
    EXPECT_EQ(first["record"]["name"], "e1._domainkey.example.test");
    EXPECT_EQ(first["record"]["value"].get<std::string>().find("v=DKIM1; k=ed25519"), 0U);
    ASSERT_TRUE(at.call("dkim.add", {{"domain", "example.test"}, {"selector", "r1"}}));
    EXPECT_EQ(selectors(), "r1 e1 ");
    EXPECT_FALSE(
        at.call("dkim.add", {{"domain", "example.test"}, {"selector", "e2"}, {"type", "ed25519"}})
            .value()["active"]);
    EXPECT_EQ(selectors(), "r1 e1 ");
    ASSERT_TRUE(at.call("dkim.activate", {{"domain", "example.test"}, {"selector", "e2"}}));
    EXPECT_EQ(selectors(), "r1 e2 ");
    ASSERT_TRUE(at.call("dkim.remove", {{"domain", "example.test"}, {"selector", "e2"}}));
    EXPECT_EQ(selectors(), "r1 ");
    EXPECT_EQ(at.error_of("dkim.add", {{"domain", "example.test"}, {"selector", "r1"}}),
              "dkim_key.exists");
    EXPECT_EQ(at.error_of("dkim.add", {{"domain", "other.test"}, {"selector", "r1"}}),
              "domain.missing");
    EXPECT_EQ(
        at.error_of("dkim.add", {{"domain", "example.test"}, {"selector", "p"}, {"type", "p256"}}),
        "dkim.key_type");
    for (const int bits : {1024, 2047, 4097, 8192}) {
        EXPECT_EQ(at.error_of("dkim.add",
                              {{"domain", "example.test"}, {"selector", "p"}, {"bits", bits}}),
                  "dkim.bad_bits")
            << bits;
    }
    const auto large = crypto::PrivateKey::generate(crypto::KeyType::rsa, 4104).value();
    EXPECT_EQ(at.error_of("dkim.add",
                          {{"domain", "example.test"},
                           {"selector", "p"},
                           {"private_key", std::string(large->pem().view())}}),
              "dkim.bad_bits");
    EXPECT_EQ(at.error_of("dkim.remove", {{"domain", "example.test"}, {"selector", "none"}}),
              "dkim_key.missing");
}

}  // namespace
}  // namespace bulla::services
