#include "dns/answer.h"
#include "services/dns_check.h"
#include "services/testing.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>

namespace bulla::services {
namespace {

using nlohmann::json;
using testing::TestInstance;

/// A DNS of TXT records; names that it does not have do not exist.
class FakeDns {
  public:
    std::map<std::string, std::vector<std::string>> texts{};
    bool dead = false;
    bool rootless = false;  ///< It says of every name that there is none.

    [[nodiscard]] AskDns ask() {
        return [this](const dns::DnsQuestion& question) {
            dns::DnsAnswer answer;
            answer.type = question.type;
            answer.name = question.name;
            if (dead) {
                return answer;
            }
            if (question == probe() && !rootless) {
                answer.rcode = dns::Rcode::no_error;
                return answer;
            }
            const auto found = texts.find(question.name);
            answer.rcode = found == texts.end() ? dns::Rcode::name_error : dns::Rcode::no_error;
            if (found != texts.end() && question.type == dns::RecordType::txt) {
                for (const std::string& text : found->second) {
                    answer.records.push_back(dns::write_txt(text));
                }
            }
            return answer;
        };
    }
};

struct ChecklistTest {
    TestInstance at;
    FakeDns dns;

    ChecklistTest() { at.context->ask = dns.ask(); }

    std::string state_of(const std::string& id) const {
        for (const auto& item : at.call("setup.checklist").value()) {
            if (item["id"] == id) {
                return item["state"];
            }
        }
        return "(none)";
    }

    std::string record_state(const std::string& what) const {
        for (const auto& record : at.call("dns.check").value()[0]["records"]) {
            if (record["what"] == what) {
                return record["state"];
            }
        }
        return "(none)";
    }
};

TEST(Setup, the_checklist_follows_what_is_done) {
    ChecklistTest setup;
    EXPECT_EQ(setup.state_of("domain"), "done");
    EXPECT_EQ(setup.state_of("dkim_key"), "todo");
    EXPECT_EQ(setup.state_of("dkim_record:example.test"), "(none)");
    const json key =
        setup.at
            .call("dkim.add", {{"domain", "example.test"}, {"selector", "s"}, {"type", "ed25519"}})
            .value();
    EXPECT_EQ(setup.state_of("dkim_key"), "done");
    EXPECT_EQ(setup.state_of("dkim_record:example.test"), "not_needed") << "RFC 6761";
    setup.dns.texts["s._domainkey.example.test"] = {key["record"]["value"]};
    EXPECT_EQ(setup.state_of("dkim_record:example.test"), "done");
    EXPECT_EQ(setup.state_of("route"), "done");
    EXPECT_EQ(setup.state_of("clients"), "todo");
    ASSERT_EQ(setup.at.error_of("account.add",
                                {{"address", "ann@example.test"}, {"password", "correct horse"}}),
              "");
    EXPECT_EQ(setup.state_of("clients"), "done");
    EXPECT_EQ(setup.state_of("archiving"), "todo");
    const std::string path =
        setup.at.call("signer.create", {{"id", "a"}}).value()["public_key_file"];
    ASSERT_EQ(setup.at.error_of("group.add",
                                {{"name", "all"}, {"archival_signer", "a"}, {"members", {"*"}}}),
              "");
    EXPECT_EQ(setup.state_of("archiving"), "done");
    EXPECT_EQ(setup.state_of("public_key"), "todo");
    ASSERT_EQ(setup.at.error_of("settings.set",
                                {{"name", "signature_public_key_path"}, {"value", "/none.pem"}}),
              "");
    EXPECT_EQ(setup.state_of("public_key"), "error");
    ASSERT_EQ(
        setup.at.error_of("settings.set", {{"name", "signature_public_key_path"}, {"value", path}}),
        "");
    EXPECT_EQ(setup.state_of("public_key"), "done");
    EXPECT_EQ(setup.state_of("first_message"), "todo");
    EXPECT_EQ(setup.state_of("tls"), "not_needed") << "the console is on loopback";
    EXPECT_EQ(setup.state_of("passphrase_backup"), "todo");
    EXPECT_EQ(setup.at.error_of("setup.confirm", {{"id", "tls"}}), "setup.not_confirmable");
    ASSERT_EQ(setup.at.error_of("setup.confirm", {{"id", "passphrase_backup"}}), "");
    EXPECT_EQ(setup.state_of("passphrase_backup"), "done");
    EXPECT_EQ(setup.state_of("resolver"), "done");
}

TEST(Setup, c3_5_what_cannot_apply_is_not_needed_and_silence_is_no_answer) {
    ChecklistTest setup;
    ASSERT_EQ(setup.at.error_of("domain.add", {{"name", "example.net"}}), "");
    const json key =
        setup.at
            .call("dkim.add", {{"domain", "example.net"}, {"selector", "s"}, {"type", "ed25519"}})
            .value();
    EXPECT_EQ(setup.state_of("dkim_record:example.net"), "todo");
    EXPECT_EQ(setup.state_of("resolver"), "done");
    setup.dns.rootless = true;
    EXPECT_EQ(setup.state_of("dkim_record:example.net"), "unknown");
    EXPECT_EQ(setup.state_of("resolver"), "error");
    setup.dns.dead = true;
    EXPECT_EQ(setup.state_of("dkim_record:example.net"), "unknown");
    EXPECT_EQ(setup.state_of("resolver"), "error");
}

TEST(Setup, c2_7_where_no_mail_leaves_the_machine_nobody_looks_for_the_record) {
    struct Row {
        config::RouteExit exit;
        const char* listens;
        const char* console;
        const char* state;
    };

    using enum config::RouteExit;
    for (const Row& row : {Row{maildir, "127.0.0.1", "127.0.0.1", "not_needed"},
                           Row{maildir, "::1", "localhost", "not_needed"},
                           Row{smtp, "127.0.0.1", "127.0.0.1", "todo"},
                           Row{maildir, "192.0.2.1", "127.0.0.1", "todo"},
                           Row{maildir, "127.0.0.1", "*", "todo"}}) {
        ChecklistTest setup;
        setup.at.close();
        auto& config = setup.at.config;
        config.listeners.resize(1);
        config.listeners[0].address = row.listens;
        config.console.address = row.console;
        config.routes.resize(2);
        config.routes[0].exit = maildir;
        config.routes[1].exit = row.exit;
        setup.at.open();
        setup.at.context->ask = setup.dns.ask();
        ASSERT_EQ(setup.at.error_of("domain.add", {{"name", "example.net"}}), "");
        ASSERT_EQ(
            setup.at.error_of("dkim.add",
                              {{"domain", "example.net"}, {"selector", "s"}, {"type", "ed25519"}}),
            "");
        EXPECT_EQ(setup.state_of("dkim_record:example.net"), row.state)
            << row.listens << ' ' << row.console;
    }
}

TEST(Setup, ARC_09_a_signer_whose_public_key_is_elsewhere_is_warned_of) {
    ChecklistTest setup;
    const std::string first =
        setup.at.call("signer.create", {{"id", "a"}}).value()["public_key_file"];
    ASSERT_EQ(setup.at.error_of("signer.create", {{"id", "b"}}), "");
    ASSERT_EQ(setup.at.error_of("settings.set",
                                {{"name", "signature_public_key_path"}, {"value", first}}),
              "");
    const json added =
        setup.at.call("group.add", {{"name", "all"}, {"archival_signer", "a"}, {"members", {"*"}}})
            .value();
    EXPECT_FALSE(added.contains("warning")) << added;
    EXPECT_EQ(setup.state_of("public_key"), "done");
    const json set =
        setup.at.call("group.set", {{"name", "all"}, {"archival_signer", "b"}}).value();
    EXPECT_NE(set.value("warning", "").find("public key is not at " + first), std::string::npos)
        << set;
    EXPECT_EQ(setup.at.call("group.list").value()[0]["warning"], set["warning"]);
    EXPECT_EQ(setup.state_of("public_key"), "error");
    ASSERT_EQ(setup.at.error_of("group.set", {{"name", "all"}, {"archival_signer", ""}}), "");
    EXPECT_FALSE(setup.at.call("group.list").value()[0].contains("warning"));
}

TEST(Setup, DNS_records_are_held_against_what_they_should_be) {
    ChecklistTest setup;
    const json key =
        setup.at
            .call("dkim.add", {{"domain", "example.test"}, {"selector", "s"}, {"type", "ed25519"}})
            .value();
    const std::string value = key["record"]["value"];
    const std::string other =
        setup.at
            .call("dkim.add", {{"domain", "example.test"}, {"selector", "t"}, {"type", "ed25519"}})
            .value()["record"]["value"];
    auto& texts = setup.dns.texts["s._domainkey.example.test"];

    struct Row {
        std::vector<std::string> published;
        std::string state;
    };

    const std::vector<Row> rows = {{{value}, "match"},
                                   {{value + "; t=y"}, "match"},
                                   {{other}, "different"},
                                   {{"v=DKIM1; k=ed25519; p="}, "different"},
                                   {{"nonsense"}, "different"},
                                   {{value, other}, "different"}};
    for (const Row& row : rows) {
        texts = row.published;
        EXPECT_EQ(setup.record_state("dkim"), row.state) << row.published.front();
    }
    setup.dns.texts.clear();
    EXPECT_EQ(setup.record_state("dkim"), "missing");
    EXPECT_EQ(setup.record_state("mx"), "missing");
    for (const auto& record : setup.at.call("dns.check").value()[0]["records"]) {
        EXPECT_EQ(record.contains("suggested"), record["what"] != "dkim") << record;
        if (record["what"] == "dmarc") {
            EXPECT_EQ(record["suggested"], "v=DMARC1; p=none; rua=mailto:postmaster@example.test");
        }
    }
    setup.dns.texts["example.test"] = {"something else", "v=spf1 -all"};
    EXPECT_EQ(setup.record_state("spf"), "present");
    setup.dns.texts["example.test"].push_back("v=spf1 +all");
    EXPECT_EQ(setup.record_state("spf"), "different");
    setup.dns.texts["_dmarc.example.test"] = {"v=DMARC1; p=none"};
    EXPECT_EQ(setup.record_state("dmarc"), "present");
    EXPECT_EQ(setup.at.error_of("dns.check", {{"domain", "none.test"}}), "domain.missing");
    setup.dns.dead = true;
    EXPECT_EQ(setup.record_state("dkim"), "error");
}

}  // namespace
}  // namespace bulla::services
