#include "dkim/key_record.h"
#include "services/testing.h"

#include <map>
#include <set>
#include <vector>

namespace bulla::services {
namespace {

using nlohmann::json;
using testing::TestInstance;

/// A zone that the test writes; the root is always there.
struct Zone {
    std::map<std::string, std::vector<std::string>> texts{};
    bool silent = false;

    dns::DnsAnswer answer(const dns::DnsQuestion& question) const {
        dns::DnsAnswer out;
        out.type = question.type;
        out.name = question.name;
        if (silent) {
            return out;
        }
        out.rcode = dns::Rcode::no_error;
        const auto found = texts.find(question.name);
        if (question.type == dns::RecordType::txt && found != texts.end()) {
            for (const auto& text : found->second) {
                out.records.push_back(dns::write_txt(text));
            }
        }
        return out;
    }
};

class DkimRotation : public ::testing::Test {
  protected:
    void SetUp() override {
        at.context->ask = [this](const dns::DnsQuestion& question) {
            return zone.answer(question);
        };
        for (const char* type : {"rsa", "ed25519"}) {
            const auto made = at.call("dkim.add",
                                      {{"domain", "example.test"},
                                       {"selector", std::string(type) + "1"},
                                       {"type", type}});
            ASSERT_TRUE(made) << made.error().text;
            publish((*made)["record"]);
        }
    }

    void publish(const json& record) { set(record, record); }

    /// Puts the text of one record at the name of another, with something behind it.
    void set(const json& at_name, const json& record, const std::string& more = "") {
        zone.texts[at_name["name"].get<std::string>()] =
            std::vector<std::string>{record["value"].get<std::string>() + more};
    }

    void publish_all(const json& keys) {
        for (const auto& key : keys) {
            publish(key["record"]);
        }
    }

    json call(std::string_view name, bool now = false) {
        json arguments = {{"domain", "example.test"}};
        if (now) {
            arguments["now"] = true;
        }
        auto result = at.call(name, arguments);
        EXPECT_TRUE(result) << result.error().text;
        return result ? *result : json::array();
    }

    /// How many keys are in each stage.
    static std::map<std::string, int> stages(const json& keys) {
        std::map<std::string, int> out;
        for (const auto& key : keys) {
            ++out[key["stage"].get<std::string>()];
        }
        return out;
    }

    std::set<std::string> signing() const {
        std::set<std::string> out;
        for (const auto& key : at.instance->snapshots().current()->dkim_keys.at("example.test")) {
            out.insert(key.selector.text());
        }
        return out;
    }

    std::int64_t private_keys() const {
        auto connection = at.instance->database().lease();
        return std::get<0>(**(*connection)
                                 ->query_first<std::int64_t>(
                                     "select count(*) from vault_item where kind = 'dkim'"));
    }

    void pass(std::chrono::seconds time) { at.clock.set(at.clock.now() + time); }

    using Stages = std::map<std::string, int>;
    const std::set<std::string> first{"rsa1", "ed255191"};
    TestInstance at;
    Zone zone;
};

TEST_F(DkimRotation, DK_18_new_keys_sign_only_when_the_dns_shows_both) {
    const json begun = call("dkim.rotate");
    EXPECT_EQ(stages(begun), (Stages{{"active", 2}, {"next", 2}}));
    EXPECT_EQ(at.error_of("dkim.rotate", {{"domain", "example.test"}}), "dkim_rotation.under_way");
    EXPECT_EQ(stages(call("dkim.check")), (Stages{{"active", 2}, {"next", 2}}));
    // One of two records, then a wrong one, then no answer at all: the old keys sign.
    std::vector<json> records;
    for (const auto& key : begun) {
        if (key["stage"] == "next") {
            records.push_back(key["record"]);
        }
    }
    publish(records[0]);
    EXPECT_EQ(stages(call("dkim.check")), (Stages{{"active", 2}, {"next", 1}, {"seen", 1}}));
    set(records[1], records[0]);
    EXPECT_EQ(stages(call("dkim.check")), (Stages{{"active", 2}, {"next", 1}, {"seen", 1}}));
    set(records[1], records[1], "; t=y");
    EXPECT_EQ(stages(call("dkim.check")), (Stages{{"active", 2}, {"next", 1}, {"seen", 1}}));
    zone.silent = true;
    EXPECT_EQ(stages(call("dkim.check")), (Stages{{"active", 2}, {"next", 1}, {"seen", 1}}));
    zone.silent = false;
    zone.texts.erase(records[0]["name"].get<std::string>());
    EXPECT_EQ(stages(call("dkim.check")), (Stages{{"active", 2}, {"next", 2}}));
    EXPECT_EQ(signing(), first);

    publish_all(begun);
    const json done = call("dkim.check");
    EXPECT_EQ(stages(done), (Stages{{"active", 2}, {"retiring", 2}}));
    EXPECT_EQ(signing().size(), 2U);
    EXPECT_FALSE(signing().contains("rsa1"));
    EXPECT_EQ(private_keys(), 4);
    // Five days in the queue, seven until the signature expires.
    pass(std::chrono::days(12) - std::chrono::seconds(1));
    EXPECT_EQ(stages(call("dkim.check")), (Stages{{"active", 2}, {"retiring", 2}}));
    pass(std::chrono::seconds(1));
    EXPECT_EQ(stages(call("dkim.check")), (Stages{{"active", 2}, {"retired", 2}}));
    EXPECT_EQ(private_keys(), 2);
    EXPECT_EQ(at.error_of("dkim.activate", {{"domain", "example.test"}, {"selector", "rsa1"}}),
              "dkim_key.destroyed");
    const auto log = at.call("audit.list");
    ASSERT_TRUE(log);
    EXPECT_NE(log->dump().find("dkim.stage"), std::string::npos);
    EXPECT_NE(log->dump().find("dkim.rotate"), std::string::npos);
}

TEST_F(DkimRotation, DK_18_compromised_keys_are_destroyed_at_once) {
    const json keys = call("dkim.rotate", true);
    EXPECT_EQ(stages(keys), (Stages{{"active", 2}, {"revoked", 2}}));
    EXPECT_EQ(private_keys(), 2);
    for (const auto& key : keys) {
        const auto text = key["record"]["value"].get<std::string>();
        EXPECT_EQ(text.ends_with("p="), key["stage"] == "revoked") << text;
        const auto record = dkim::parse_key_record(text);
        ASSERT_TRUE(record) << text;
        EXPECT_EQ(record->key.has_value(), key["stage"] == "active");
    }
    EXPECT_FALSE(signing().contains("rsa1"));
    EXPECT_FALSE(signing().contains("ed255191"));
}

TEST_F(DkimRotation, DK_18_an_emergency_uses_the_keys_that_wait) {
    const json begun = call("dkim.rotate");
    const json keys = call("dkim.rotate", true);
    EXPECT_EQ(keys.size(), begun.size());
    EXPECT_EQ(stages(keys), (Stages{{"active", 2}, {"revoked", 2}}));
}

TEST_F(DkimRotation, DKD_02_a_rotation_is_advised_after_three_months) {
    const auto due = [](const json& keys) {
        int out = 0;
        for (const auto& key : keys) {
            out += key["rotation_due"] == true ? 1 : 0;
        }
        return out;
    };
    pass(std::chrono::days(90) - std::chrono::seconds(1));
    EXPECT_EQ(due(call("dkim.list")), 0);
    pass(std::chrono::seconds(1));
    EXPECT_EQ(due(call("dkim.list")), 2);
    call("dkim.rotate");
    EXPECT_EQ(at.error_of("dkim.rotate", {{"domain", "other.test"}}), "dkim_rotation.no_key");
    EXPECT_EQ(at.error_of("dkim.check", {{"domain", "other.test"}}), "domain.missing");
}

// Every few minutes only what waits is asked for, and once an hour what signs.
TEST_F(DkimRotation, DK_18_the_daemon_asks_only_for_what_is_due) {
    int asked = 0;
    at.context->ask = [&](const dns::DnsQuestion& question) {
        asked += question.type == dns::RecordType::txt ? 1 : 0;
        return zone.answer(question);
    };
    const auto due = [&] {
        asked = 0;
        EXPECT_TRUE(at.call("dkim.check", {{"due", true}}));
        return asked;
    };
    EXPECT_EQ(due(), 2) << "never looked at";
    EXPECT_EQ(due(), 0);
    pass(std::chrono::minutes(10));
    publish_all(call("dkim.rotate"));
    EXPECT_EQ(due(), 2) << "what waits";
    EXPECT_EQ(due(), 0) << "those two sign now and were looked at while they waited";
    pass(std::chrono::minutes(61));
    EXPECT_EQ(due(), 2) << "of four the two that sign";
}

// The record of the key that signs: an alarm, or no mail until it is there.
TEST_F(DkimRotation, DK_17_a_record_that_the_dns_has_not_is_an_alarm_or_stops_mail) {
    const auto problems = [&] { return at.instance->snapshots().current()->problems; };
    const auto refused = [&] {
        const auto answer = at.call("dkim.policy", {{"address", "joe@example.test"}});
        return (*answer)["address"]["refused"].get<std::string>();
    };
    const auto name = std::string("rsa1._domainkey.example.test");
    const auto good = zone.texts.at(name);
    call("dkim.check");
    EXPECT_TRUE(problems().empty());
    zone.texts.erase(name);
    call("dkim.check");
    ASSERT_EQ(problems().size(), 1U);
    EXPECT_TRUE(problems()[0].contains("has no record rsa1._domainkey.example.test"))
        << problems()[0];
    EXPECT_EQ(refused(), "") << "an alarm alone";
    ASSERT_TRUE(at.call("settings.set", {{"name", "dkim_record_wrong"}, {"value", "refuse"}}));
    EXPECT_TRUE(refused().contains(name)) << refused();
    zone.silent = true;
    call("dkim.check");
    EXPECT_TRUE(refused().contains(name)) << "no answer does not put the record right";
    zone.silent = false;
    zone.texts[name] = {"v=DKIM1; p="};
    call("dkim.check");
    EXPECT_TRUE(refused().contains(name)) << "another record";
    zone.texts[name] = good;
    call("dkim.check");
    EXPECT_TRUE(problems().empty());
    EXPECT_EQ(refused(), "");
}

// What a name server does with it: tests/e2e/test_dkim_update.py.
TEST_F(DkimRotation, DK_18_records_are_published_only_where_a_server_is_set) {
    const json key = {{"domain", "example.test"}, {"selector", "rsa1"}};
    EXPECT_EQ(at.error_of("dkim.publish", key), "dkim_update.not_set");
    EXPECT_EQ(at.error_of("dkim.withdraw", key), "dkim_update.not_set");
    EXPECT_TRUE(call("dkim.list")[0]["publication"].is_null());
    const auto set = [&](const char* name, const char* value) {
        return at
            .call("settings.set",
                  {{"name", name}, {"value", value}, {"scope", "domain:example.test"}})
            .has_value();
    };
    ASSERT_TRUE(set("dkim_update_server", "127.0.0.1:1"));
    EXPECT_EQ(at.error_of("dkim.publish", {{"domain", "example.test"}, {"selector", "none"}}),
              "dkim_key.missing");
    EXPECT_EQ(at.error_of("dkim.withdraw", key), "dkim_update.in_use");
    const auto failed = at.call("dkim.publish", key);
    ASSERT_TRUE(failed) << failed.error().text;
    EXPECT_EQ((*failed)[0]["state"], "failed");
    EXPECT_TRUE((*failed)[0]["error"].get<std::string>().contains("dkim_update_key_file"));
    // The failure is told with the keys, and no look ends because of it.
    zone.texts.clear();
    const json keys = call("dkim.check");
    EXPECT_EQ(stages(keys), (Stages{{"active", 2}}));
    for (const auto& one : keys) {
        EXPECT_EQ(one["publication"]["server"], "127.0.0.1:1");
        EXPECT_TRUE(one["publication"]["error"].is_string());
    }
}

TEST_F(DkimRotation, DKD_01_a_key_is_tested_as_receivers_would) {
    const auto result = [&](const char* selector) {
        const auto tested =
            at.call("dkim.test", {{"domain", "example.test"}, {"selector", selector}});
        EXPECT_TRUE(tested) << tested.error().text;
        EXPECT_EQ((*tested)["self"], "pass");
        return (*tested)["result"].get<std::string>();
    };
    EXPECT_EQ(result("rsa1"), "pass");
    EXPECT_EQ(result("ed255191"), "pass");
    std::swap(zone.texts.at("rsa1._domainkey.example.test"),
              zone.texts.at("ed255191._domainkey.example.test"));
    EXPECT_EQ(result("rsa1"), "permerror");
    zone.texts.clear();
    EXPECT_EQ(result("rsa1"), "permerror");
    zone.silent = true;
    EXPECT_EQ(result("rsa1"), "temperror");
    EXPECT_EQ(at.error_of("dkim.test", {{"domain", "example.test"}, {"selector", "none"}}),
              "dkim_key.missing");
}

}  // namespace
}  // namespace bulla::services
