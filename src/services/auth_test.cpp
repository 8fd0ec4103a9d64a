#include "base/date.h"
#include "services/login.h"
#include "services/session.h"
#include "services/testing.h"
#include "services/throttle.h"
#include "services/totp.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <thread>

namespace bulla::services {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::TestInstance;

constexpr const char* ann = "ann@example.test";
constexpr const char* password = "correct horse";

class AuthTest : public ::testing::Test {
  protected:
    AuthTest() {
        EXPECT_EQ(at_.error_of("account.add", {{"address", ann}, {"password", password}}), "");
    }

    Result<json> log_in(const std::string& with = password, const std::string& code = "") {
        return at_.call("auth.login",
                        {{"user", ann},
                         {"password", with},
                         {"totp", code},
                         {"user_agent", "a browser\x1B[31m"},
                         {"address", "192.0.2.7"}});
    }

    std::string login_error(const std::string& with = password, const std::string& code = "") {
        const auto result = log_in(with, code);
        return result ? "" : std::string(result.error().code);
    }

    std::string session_error(const std::string& session) {
        return at_.error_of("auth.session", {{"session", session}});
    }

    std::string make_token() {
        return at_.call("token.create", {{"login", ann}, {"name", "backup"}}).value()["token"];
    }

    std::string token_error(const std::string& token) {
        return at_.error_of("auth.session", {{"token", token}});
    }

    TestInstance at_;
};

TEST_F(AuthTest, a_session_begins_with_the_password_and_ends_with_the_log_out) {
    const auto session = log_in();
    ASSERT_TRUE(session) << session.error().text;
    EXPECT_EQ((*session)["login"], ann);
    EXPECT_EQ((*session)["role"], "user");
    EXPECT_EQ((*session)["must_change_password"], false);
    const std::string secret = (*session)["session"];
    EXPECT_EQ(secret.size(), 64U);
    const auto who = at_.call("auth.session", {{"session", secret}});
    ASSERT_TRUE(who);
    EXPECT_EQ((*who)["login"], ann);
    EXPECT_EQ((*who)["scopes"], json({"*"}));
    const auto listed = at_.call("session.list").value();
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0]["user_agent"], "a browser[31m");
    EXPECT_EQ(listed[0]["address"], "192.0.2.7");
    EXPECT_EQ(listed[0]["id"], (*who)["id"]);
    EXPECT_EQ(listed.dump().find(secret), std::string::npos);
    ASSERT_TRUE(at_.call("auth.logout", {{"session", secret}}));
    EXPECT_EQ(session_error(secret), "auth.no_session");
    EXPECT_EQ(session_error(""), "auth.no_session");
    EXPECT_NE(at_.call("account.list").value()[1]["last_login"], nullptr);
}

TEST_F(AuthTest, all_reasons_of_a_refusal_look_alike) {
    ASSERT_EQ(
        at_.error_of("account.add", {{"address", "off@example.test"}, {"password", password}}), "");
    ASSERT_EQ(at_.error_of("account.disable", {{"login", "off@example.test"}}), "");
    std::string text;
    for (const auto& [user, with] :
         {std::pair{ann, "wrong"}, {"nobody", password}, {"off@example.test", password}}) {
        const auto result = at_.call("auth.login", {{"user", user}, {"password", with}});
        ASSERT_FALSE(result) << user;
        EXPECT_EQ(result.error().code, "auth.failed");
        text = text.empty() ? result.error().text : text;
        EXPECT_EQ(result.error().text, text);
    }
    // The dear step is done for who is not there as well.
    const auto attempt = begin_login(*at_.context, {{"user", "nobody"}, {"password", "x"}});
    ASSERT_TRUE(attempt);
    EXPECT_TRUE(attempt->login.empty());
    EXPECT_TRUE(attempt->hash.starts_with("$argon2id$"));
}

TEST_F(AuthTest, a_session_ends_by_age_and_by_idleness) {
    const std::string idle = log_in().value()["session"];
    at_.clock.advance(11h);
    EXPECT_EQ(session_error(idle), "");
    at_.clock.advance(11h);
    EXPECT_EQ(session_error(idle), "");
    at_.clock.advance(12h);
    EXPECT_EQ(session_error(idle), "auth.no_session");
    const std::string old = log_in().value()["session"];
    for (int hours = 0; hours < 7 * 24; hours += 8) {
        EXPECT_EQ(session_error(old), "") << hours;
        at_.clock.advance(8h);
    }
    EXPECT_EQ(session_error(old), "auth.no_session");
}

TEST_F(AuthTest, what_changes_an_account_ends_its_sessions_and_tokens) {
    ASSERT_EQ(at_.error_of("token.create", {{"login", "admin"}, {"name", "another's"}}), "");
    for (const auto& [call, arguments] : std::initializer_list<std::pair<const char*, json>>{
             {"account.passwd", {{"login", ann}, {"password", password}}},
             {"account.role", {{"login", ann}, {"role", "auditor"}}},
             {"account.disable", {{"login", ann}}}}) {
        const std::string session = log_in().value()["session"];
        const std::string token = make_token();
        make_token();
        const auto answer = at_.call(call, arguments);
        ASSERT_TRUE(answer) << call << answer.error().text;
        EXPECT_EQ((*answer)["sessions_ended"], 1) << call;
        EXPECT_EQ((*answer)["tokens_revoked"], 2) << call;
        EXPECT_EQ(session_error(session), "auth.no_session") << call;
        const auto entry = at_.call("audit.list").value()["items"][0];
        EXPECT_EQ(entry["action"], call);
        const json detail = json::parse(entry["detail"].get<std::string>());
        EXPECT_EQ(detail["sessions_ended"], 1) << call;
        EXPECT_EQ(detail["tokens_revoked"], 2) << call;
        ASSERT_EQ(at_.error_of("account.disable", {{"login", ann}, {"disabled", false}}), "");
        EXPECT_EQ(token_error(token), "auth.no_session") << call;
    }
    EXPECT_EQ(at_.call("session.list").value().size(), 0U);
    EXPECT_EQ(at_.call("token.list").value().size(), 1U);
}

TEST_F(AuthTest, the_same_role_again_ends_nothing) {
    const std::string session = log_in().value()["session"];
    const std::string token = make_token();
    const auto answer = at_.call("account.role", {{"login", ann}, {"role", "user"}});
    EXPECT_EQ(answer.value()["tokens_revoked"], 0);
    EXPECT_EQ(session_error(session), "");
    EXPECT_EQ(token_error(token), "");
}

TEST_F(AuthTest, who_changes_the_own_password_keeps_tokens_only_if_asked) {
    const std::string token = make_token();
    json change = {{"login", ann},
                   {"password", password},
                   {"new_password", "battery staple"},
                   {"keep_tokens", true}};
    EXPECT_EQ(at_.call("auth.password", change).value()["tokens_revoked"], 0);
    EXPECT_EQ(token_error(token), "");
    change = {{"login", ann}, {"password", "battery staple"}, {"new_password", "battery staples"}};
    EXPECT_EQ(at_.call("auth.password", change).value()["tokens_revoked"], 1);
    EXPECT_EQ(token_error(token), "auth.no_session");
    const auto entry = at_.call("audit.list", {{"action", "auth.password"}}).value()["items"][0];
    EXPECT_EQ(json::parse(entry["detail"].get<std::string>())["tokens_revoked"], 1);
}

TEST_F(AuthTest, choosing_a_password_in_place_of_a_one_time_one_keeps_the_tokens_made_since) {
    const std::string before = make_token();
    const auto reset = at_.call("account.passwd", {{"login", ann}}).value();
    const std::string since = make_token();
    EXPECT_EQ(at_.error_of("auth.password",
                           {{"login", ann},
                            {"password", reset["one_time_password"]},
                            {"new_password", "battery staple"}}),
              "");
    EXPECT_EQ(token_error(before), "auth.no_session");
    EXPECT_EQ(token_error(since), "");
}

TEST_F(AuthTest, sessions_are_revoked_one_by_one_or_all) {
    const std::string first = log_in().value()["session"];
    const std::string second = log_in().value()["session"];
    const std::string id = at_.call("auth.session", {{"session", first}}).value()["id"];
    EXPECT_EQ(at_.call("session.revoke", {{"id", id}}).value()["revoked"], 1);
    EXPECT_EQ(session_error(first), "auth.no_session");
    EXPECT_EQ(session_error(second), "");
    EXPECT_EQ(at_.error_of("session.revoke", {{"id", id}}), "session.missing");
    EXPECT_EQ(at_.call("session.revoke", {{"login", ann}}).value()["revoked"], 1);
    EXPECT_EQ(session_error(second), "auth.no_session");
    EXPECT_EQ(at_.error_of("session.revoke"), "service.bad_argument");
}

TEST_F(AuthTest, guesses_are_slowed_down_more_and_more) {
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(login_error("wrong"), "auth.failed") << i;
    }
    EXPECT_EQ(login_error(), "auth.locked");
    EXPECT_EQ(log_in().error().retry_after, 1U);
    at_.clock.advance(1s);
    EXPECT_EQ(login_error("wrong"), "auth.failed");
    EXPECT_EQ(log_in().error().retry_after, 2U);
    at_.clock.advance(1s);
    EXPECT_EQ(login_error(), "auth.locked");
    at_.clock.advance(1s);
    EXPECT_EQ(login_error(), "");
    EXPECT_EQ(login_error("wrong"), "auth.failed");
    EXPECT_EQ(login_error(), "");
}

TEST_F(AuthTest, an_address_is_slowed_down_whatever_names_it_tries) {
    for (int i = 0; i < 20; ++i) {
        const auto result = begin_login(*at_.context,
                                        {{"user", "nobody" + std::to_string(i)},
                                         {"password", "x"},
                                         {"address", "2001:db8::" + std::to_string(i)}});
        ASSERT_TRUE(result) << i;
    }
    const auto from = [&](const char* address) {
        const auto result =
            begin_login(*at_.context, {{"user", ann}, {"password", "x"}, {"address", address}});
        return result ? "" : std::string(result.error().code);
    };
    EXPECT_EQ(from("2001:db8::ffff"), "auth.locked");
    EXPECT_EQ(from("2001:db8:0:1::1"), "");
}

TEST(Throttle, grows_by_two_to_a_quarter_of_an_hour) {
    EXPECT_EQ(backoff(4, 5), 0s);
    EXPECT_EQ(backoff(5, 5), 1s);
    EXPECT_EQ(backoff(6, 5), 2s);
    EXPECT_EQ(backoff(14, 5), 512s);
    EXPECT_EQ(backoff(15, 5), 900s);
    EXPECT_EQ(backoff(INT32_MAX, 5), 900s);
}

TEST_F(AuthTest, the_password_is_changed_with_the_old_one) {
    const std::string kept = log_in().value()["session"];
    const std::string other = log_in().value()["session"];
    const json change = {{"login", ann},
                         {"password", password},
                         {"new_password", "battery staple"},
                         {"session", kept}};
    json wrong = change;
    wrong["password"] = "wrong";
    EXPECT_EQ(at_.error_of("auth.password", wrong), "auth.failed");
    json weak = change;
    weak["new_password"] = "short";
    EXPECT_EQ(at_.error_of("auth.password", weak), "account.weak_password");
    json same = change;
    same["new_password"] = password;
    EXPECT_EQ(at_.error_of("auth.password", same), "account.same_password");
    EXPECT_EQ(at_.error_of("auth.password", change), "");
    EXPECT_EQ(session_error(kept), "");
    EXPECT_EQ(session_error(other), "auth.no_session");
    EXPECT_EQ(login_error(), "auth.failed");
    EXPECT_EQ(login_error("battery staple"), "");
}

TEST_F(AuthTest, a_one_time_password_must_be_changed) {
    const auto session =
        at_.call("auth.login", {{"user", "admin"}, {"password", at_.init.one_time_password}});
    ASSERT_TRUE(session);
    EXPECT_EQ((*session)["must_change_password"], true);
    EXPECT_EQ(at_.error_of("auth.password",
                           {{"login", "admin"},
                            {"password", at_.init.one_time_password},
                            {"new_password", "a password"}}),
              "");
    EXPECT_EQ(at_.call("auth.login", {{"user", "admin"}, {"password", "a password"}})
                  .value()["must_change_password"],
              false);
}

TEST(Totp, rfc6238_appendix_b) {
    struct Row {
        std::int64_t time;
        std::string code;
    };

    // The last six of the eight digits that the appendix gives for SHA-1.
    const std::vector<Row> rows = {{59, "287082"},
                                   {1111111109, "081804"},
                                   {1111111111, "050471"},
                                   {1234567890, "005924"},
                                   {2000000000, "279037"},
                                   {20000000000, "353130"}};
    for (const Row& row : rows) {
        EXPECT_EQ(make_totp("12345678901234567890", row.time / 30), row.code) << row.time;
    }
}

TEST(Totp, rfc6238_5_2_a_code_is_good_once_and_for_its_neighbours) {
    const std::string secret = "12345678901234567890";
    const Time now = from_unix(1111111111);
    const std::int64_t step = 1111111111 / 30;
    EXPECT_EQ(find_totp_step(secret, make_totp(secret, step), now, 0), step);
    EXPECT_EQ(find_totp_step(secret, make_totp(secret, step - 1), now, 0), step - 1);
    EXPECT_EQ(find_totp_step(secret, make_totp(secret, step + 1), now, 0), step + 1);
    EXPECT_EQ(find_totp_step(secret, make_totp(secret, step - 2), now, 0), std::nullopt);
    EXPECT_EQ(find_totp_step(secret, make_totp(secret, step + 2), now, 0), std::nullopt);
    EXPECT_EQ(find_totp_step(secret, make_totp(secret, step), now, step), std::nullopt);
    EXPECT_EQ(find_totp_step(secret, "", now, 0), std::nullopt);
}

TEST(Totp, rfc4648_10_base32) {
    const std::vector<std::pair<std::string, std::string>> rows = {{"", ""},
                                                                   {"f", "MY"},
                                                                   {"fo", "MZXQ"},
                                                                   {"foo", "MZXW6"},
                                                                   {"foob", "MZXW6YQ"},
                                                                   {"fooba", "MZXW6YTB"},
                                                                   {"foobar", "MZXW6YTBOI"}};
    for (const auto& [bytes, text] : rows) {
        EXPECT_EQ(base32_encode(bytes), text);
    }
}

TEST_F(AuthTest, the_second_factor_is_asked_for_once_it_is_confirmed) {
    const auto enrolled = at_.call("totp.enroll", {{"login", ann}});
    ASSERT_TRUE(enrolled) << enrolled.error().text;
    EXPECT_TRUE((*enrolled)["uri"].get<std::string>().starts_with(
        "otpauth://totp/bulla%20mail.example.test:ann%40example.test?secret="));
    EXPECT_EQ(login_error(), "");
    const auto code = [&] {
        const auto factor = load_totp(*at_.context, ann).value();
        return make_totp(factor->secret.view(), to_unix(at_.clock.now()) / 30);
    };
    EXPECT_EQ(at_.error_of("totp.confirm", {{"login", ann}, {"code", "12345"}}), "totp.wrong");
    EXPECT_EQ(at_.error_of("totp.confirm", {{"login", ann}, {"code", code()}}), "");
    EXPECT_EQ(at_.error_of("totp.enroll", {{"login", ann}}), "totp.exists");
    EXPECT_EQ(login_error(), "auth.totp_needed");
    EXPECT_EQ(login_error("wrong"), "auth.failed");
    EXPECT_EQ(login_error(password, code()), "auth.failed") << "it was used to confirm";
    at_.clock.advance(30s);
    EXPECT_EQ(login_error(password, code()), "");
    EXPECT_EQ(login_error(password, code()), "auth.failed") << "a code is good once";
    ASSERT_EQ(at_.error_of("account.rename", {{"login", ann}, {"new_login", "ann"}}), "");
    at_.clock.advance(30s);
    EXPECT_EQ(login_error(), "auth.totp_needed");
    EXPECT_EQ(at_.error_of("totp.disable", {{"login", "ann"}}), "");
    EXPECT_EQ(login_error(), "");
}

TEST_F(AuthTest, a_log_in_is_judged_by_the_account_as_it_is_at_its_end) {
    const json arguments = {{"user", ann}, {"password", password}};
    for (const auto& [call, change] : std::initializer_list<std::pair<const char*, json>>{
             {"account.passwd", {{"login", ann}, {"password", "battery staple"}}},
             {"account.passwd", {{"login", ann}, {"password", password}}},
             {"account.disable", {{"login", ann}}}}) {
        const auto attempt = begin_login(*at_.context, arguments);
        ASSERT_TRUE(attempt) << call;
        ASSERT_EQ(at_.error_of(call, change), "");
        const auto done = finish_login(*at_.context, *attempt, true);
        ASSERT_FALSE(done) << call;
        EXPECT_EQ(done.error().code, "auth.failed") << call;
    }
}

/// Random numbers, and what somebody else does just when some are wanted.
class MeanwhileRandom final : public Random {
  public:
    explicit MeanwhileRandom(std::function<void()> meanwhile) : meanwhile_(std::move(meanwhile)) {}

    void fill(std::span<char> out) override {
        std::exchange(meanwhile_, [] {})();
        random_.fill(out);
    }

  private:
    SystemRandom random_;
    std::function<void()> meanwhile_;
};

TEST_F(AuthTest, a_password_that_an_administrator_gives_meanwhile_stays) {
    const std::vector<std::pair<const char*, json>> changes = {
        {"account.passwd", {{"login", ann}, {"password", "of the admin"}}},
        {"account.disable", {{"login", ann}}}};
    for (const auto& change : changes) {
        // The salt of the new password is drawn after the old one was found right.
        MeanwhileRandom random([&] { EXPECT_EQ(at_.error_of(change.first, change.second), ""); });
        ServiceContext context{.config = at_.context->config,
                               .database = at_.context->database,
                               .vault = at_.context->vault,
                               .sealer = at_.context->sealer,
                               .snapshots = at_.context->snapshots,
                               .clock = at_.clock,
                               .random = random,
                               .reload = at_.context->reload};
        const json arguments = {
            {"login", ann},
            {"password", change.first == changes[0].first ? password : "of the admin"},
            {"new_password", "battery staple"}};
        const auto done = call_service(context, Caller{"cli:test"}, "auth.password", arguments);
        ASSERT_FALSE(done) << change.first;
        EXPECT_EQ(done.error().code, "auth.failed") << change.first;
    }
    ASSERT_EQ(at_.error_of("account.disable", {{"login", ann}, {"disabled", false}}), "");
    EXPECT_EQ(login_error("of the admin"), "");
    EXPECT_EQ(login_error("battery staple"), "auth.failed");
}

TEST_F(AuthTest, of_two_log_ins_at_once_with_one_code_one_succeeds) {
    ASSERT_TRUE(at_.call("totp.enroll", {{"login", ann}}));
    const auto code = [&] {
        const auto factor = load_totp(*at_.context, ann).value();
        return make_totp(factor->secret.view(), to_unix(at_.clock.now()) / 30);
    };
    ASSERT_EQ(at_.error_of("totp.confirm", {{"login", ann}, {"code", code()}}), "");
    for (int round = 0; round < 10; ++round) {
        at_.clock.advance(30s);
        const json arguments = {{"user", ann}, {"password", password}, {"totp", code()}};
        const auto first = begin_login(*at_.context, arguments);
        const auto second = begin_login(*at_.context, arguments);
        ASSERT_TRUE(first && second);
        std::atomic<int> sessions = 0;
        std::latch together(2);
        const auto finish = [&](const LoginAttempt& attempt) {
            together.arrive_and_wait();
            const auto done = finish_login(*at_.context, attempt, true);
            sessions += done ? 1 : 0;
            EXPECT_TRUE(done || done.error().code == "auth.failed");
        };
        {
            const std::jthread other([&] { finish(*first); });
            finish(*second);
        }
        EXPECT_EQ(sessions, 1) << round;
    }
    EXPECT_EQ(at_.call("session.list").value().size(), 10U);
}

TEST_F(AuthTest, totp_needed_is_no_failure) {
    ASSERT_TRUE(at_.call("totp.enroll", {{"login", ann}}));
    const auto factor = load_totp(*at_.context, ann).value();
    const auto code = make_totp(factor->secret.view(), to_unix(at_.clock.now()) / 30);
    ASSERT_EQ(at_.error_of("totp.confirm", {{"login", ann}, {"code", code}}), "");
    for (int i = 0; i < 8; ++i) {
        EXPECT_EQ(login_error(), "auth.totp_needed") << i;
    }
}

TEST_F(AuthTest, tokens) {
    const auto made = at_.call(
        "token.create", {{"login", ann}, {"name", "backup"}, {"scopes", {"read"}}, {"days", 2}});
    ASSERT_TRUE(made) << made.error().text;
    const std::string secret = (*made)["token"];
    EXPECT_TRUE(secret.starts_with("bulla_"));
    const auto who = at_.call("auth.session", {{"token", secret}});
    ASSERT_TRUE(who);
    EXPECT_EQ((*who)["kind"], "token");
    EXPECT_EQ((*who)["scopes"], json({"read"}));
    const auto listed = at_.call("token.list").value();
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0]["name"], "backup");
    EXPECT_EQ(listed[0]["last_used"], write_rfc3339(at_.clock.now(), true));
    EXPECT_EQ((listed.dump() + at_.call("audit.list").value().dump()).find(secret),
              std::string::npos);
    at_.clock.advance(48h);
    EXPECT_EQ(at_.error_of("auth.session", {{"token", secret}}), "auth.no_session");
    const std::string endless =
        at_.call("token.create", {{"login", ann}, {"name", "x"}, {"days", 0}}).value()["token"];
    at_.clock.advance(24h * 4000);
    EXPECT_EQ(at_.error_of("auth.session", {{"token", endless}}), "");
    EXPECT_EQ(at_.error_of("token.create", {{"login", ann}, {"name", ""}}), "token.bad_name");
    EXPECT_EQ(at_.error_of("token.create", {{"login", ann}, {"name", "x"}, {"scopes", {"a b"}}}),
              "token.bad_scope");
    for (const char* nothing : {"write", "queue", "none.", ""}) {
        EXPECT_EQ(
            at_.error_of("token.create", {{"login", ann}, {"name", "x"}, {"scopes", {nothing}}}),
            "token.bad_scope")
            << "a token with " << nothing << " would be good for nothing";
    }
    const std::string id = at_.call("token.list").value()[1]["id"];
    EXPECT_EQ(at_.error_of("token.revoke", {{"id", id}}), "");
    EXPECT_EQ(at_.error_of("token.revoke", {{"id", id}}), "token.missing");
    EXPECT_EQ(at_.error_of("auth.session", {{"token", endless}}), "auth.no_session");
}

}  // namespace
}  // namespace bulla::services
