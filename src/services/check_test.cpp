#include "crypto/key.h"
#include "services/check_parts.h"
#include "services/testing.h"
#include "tlog/note.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <linux/magic.h>
#include <sys/stat.h>

namespace bulla::services {
namespace {

using std::chrono::milliseconds;

/// "error warning": the states of findings, the worst first; "" if all is well.
std::string bad_states(const Findings& findings) {
    std::string out;
    for (const auto state : {CheckState::error, CheckState::warning}) {
        for (const Finding& one : findings) {
            if (one.state == state) {
                out += (out.empty() ? "" : " ") + std::string(to_string(state));
                EXPECT_NE(one.action, "") << one.text;
            }
        }
    }
    return out;
}

std::string texts(const Findings& findings) {
    std::string out;
    for (const Finding& one : findings) {
        out += one.text + "\n";
    }
    return out;
}

config::Config parse(const std::string& more) {
    const std::string text = "hostname = \"mail.example.test\"\n" + more;
    auto config = config::parse_config(text, "/etc/bulla/bulla.toml");
    EXPECT_TRUE(config) << config.error().text;
    return *config;
}

constexpr const char* good_config = R"(
[[listener]]
address = "*"
port = 25
[[route]]
name = "local"
match = ["local"]
exit = "maildir"
path = "mail/{local}"
[[route]]
name = "out"
match = ["*"]
host = "next.example.test"
)";

TEST(Check, c3_9_findings_in_a_configuration) {
    struct Row {
        std::string more;
        std::string states;
        std::string text;
    };

    const std::string good = good_config;
    const std::vector<Row> rows = {
        {good, "", "1 listener, 2 routes"},
        {"", "error error error", "there is no [[listener]]"},
        {good + "[[route]]\nname = \"late\"\nmatch = [\"a.test\"]\nhost = \"h.test\"\n",
         "warning",
         "the route late is never used: out before it"},
        {good + "[[listener]]\naddress = \"127.0.0.1\"\nport = 25\n", "error", "both want port 25"},
        {good + "[[listener]]\nport = 8090\n", "error", "[console] port at 127.0.0.1"},
        {good + "[[listener]]\naddress = \"192.0.2.1\"\nport = 587\nrole = \"submission\"\ntls = "
                "\"none\"\n",
         "error",
         "passwords would cross the network in clear"},
        {good + "[[listener]]\nport = 587\nrole = \"submission\"\ntls = \"none\"\n", "", ""},
        {good + "[[listener]]\nport = 10025\nrole = \"filter\"\n", "warning", "believes nobody"},
    };
    for (const Row& row : rows) {
        const auto findings = judge_config(parse(row.more));
        EXPECT_EQ(bad_states(findings), row.states) << row.more << texts(findings);
        EXPECT_NE(texts(findings).find(row.text), std::string::npos) << texts(findings);
    }
    auto config = parse(good);
    config.hostname = "mail";
    EXPECT_EQ(bad_states(judge_config(config)), "warning");
}

TEST(Check, c3_9_a_route_is_covered_only_by_what_takes_all_its_patterns) {
    const auto states = [](const std::string& first, const std::string& second) {
        const auto route = [](const std::string& name, const std::string& match) {
            return "[[route]]\nname = \"" + name + "\"\nhost = \"h.test\"\nmatch = [" + match +
                   "]\n";
        };
        return bad_states(
            judge_config(parse("[[listener]]\n" + route("a", first) + route("b", second))));
    };
    EXPECT_EQ(states(R"("*.a.test")", R"("x.a.test")"), "warning");
    EXPECT_EQ(states(R"("*.a.test")", R"("*.b.a.test")"), "warning");
    EXPECT_EQ(states(R"("*.a.test")", R"("a.test")"), "");
    EXPECT_EQ(states(R"("*.a.test")", R"("x.a.test", "b.test")"), "");
    EXPECT_EQ(states(R"("*")", R"("local")"), "warning");
    EXPECT_EQ(states(R"("local")", R"("*")"), "");
}

TEST(Check, c3_9_findings_about_files) {
    const FileRule rule{"the passphrase", 0600, {1000, 0}};
    const FileFacts good{.path = "/p", .mode = 0600, .owner = 1000};
    const auto with = [&good](auto change) {
        FileFacts facts = good;
        change(facts);
        return facts;
    };
    EXPECT_EQ(judge_file(good, rule).state, CheckState::ok);
    EXPECT_EQ(judge_file(with([](FileFacts& f) { f.owner = 0; }), rule).state, CheckState::ok);
    EXPECT_EQ(judge_file(with([](FileFacts& f) { f.mode = 0400; }), rule).state, CheckState::ok);
    const auto open = judge_file(with([](FileFacts& f) { f.mode = 0644; }), rule);
    EXPECT_EQ(open.state, CheckState::error);
    EXPECT_EQ(open.action, "chmod 0600 /p");
    const auto foreign = judge_file(with([](FileFacts& f) { f.owner = 12345; }), rule);
    EXPECT_EQ(foreign.state, CheckState::error);
    EXPECT_NE(foreign.text.find("12345"), std::string::npos);
    const auto gone = with([](FileFacts& f) { f.exists = false; });
    EXPECT_EQ(judge_file(gone, rule).state, CheckState::error);
    EXPECT_EQ(judge_file(gone, {"the socket", 0600, {}, false}).state, CheckState::ok);
    EXPECT_EQ(judge_file(with([](FileFacts& f) { f.readable = false; }), rule).state,
              CheckState::warning);
}

TEST(Check, c3_9_findings_about_disks) {
    constexpr std::uint64_t gib = 1ULL << 30U;
    const DiskFacts good{.path = "/d",
                         .free = 50 * gib,
                         .total = 100 * gib,
                         .free_files = 900,
                         .total_files = 1000,
                         .kind = EXT4_SUPER_MAGIC,
                         .sync_time = milliseconds(3)};

    struct Row {
        void (*change)(DiskFacts&);
        std::string states;
        std::string text;
    };

    const std::vector<Row> rows = {
        {[](DiskFacts&) {}, "", "a sync takes 3 ms"},
        {[](DiskFacts& f) { f.free = 100U << 20U; }, "error", "only 100 MiB free"},
        {[](DiskFacts& f) { f.free = 900U << 20U; }, "warning", "900 MiB of 100 GiB free"},
        {[](DiskFacts& f) { f.free = 4 * gib; }, "warning", "4 GiB of 100 GiB free"},
        {[](DiskFacts& f) { f.free_files = 9; }, "warning", "room for 9 files"},
        {[](DiskFacts& f) { f.free_files = f.total_files = 0; }, "", ""},
        {[](DiskFacts& f) { f.kind = TMPFS_MAGIC; }, "error", "in memory"},
        {[](DiskFacts& f) { f.kind = NFS_SUPER_MAGIC; }, "error", "network file system"},
        {[](DiskFacts& f) { f.kind = 0xFF534D42; }, "error", "network file system"},
        {[](DiskFacts& f) { f.kind = V9FS_MAGIC; }, "warning", "9p"},
        {[](DiskFacts& f) { f.read_only = true; }, "error", "read-only"},
        {[](DiskFacts& f) { f.readable = false; }, "error", "missing"},
        {[](DiskFacts& f) { f.may_write = false; }, "warning", "was not tried"},
        {[](DiskFacts& f) { f.sync_error = "Input/output error"; }, "error", "Input/output error"},
        {[](DiskFacts& f) { f.sync_time = milliseconds(101); }, "warning", "a sync takes 101 ms"}};
    for (const Row& row : rows) {
        DiskFacts facts = good;
        row.change(facts);
        const auto findings = judge_disk(facts);
        EXPECT_EQ(bad_states(findings), row.states) << texts(findings);
        EXPECT_NE(texts(findings).find(row.text), std::string::npos) << texts(findings);
    }
}

class LogCheck : public ::testing::Test {
  protected:
    static std::string note(std::uint64_t size, char root) {
        tlog::Checkpoint checkpoint{.origin = "log.test", .size = size};
        checkpoint.root.fill(root);
        return tlog::sign_note(tlog::write_checkpoint(checkpoint), "log.test", signer()).value();
    }

    static const crypto::Signer& signer() {
        static const auto key = crypto::PrivateKey::generate(crypto::KeyType::ed25519).value();
        return *key;
    }

    static std::string states(std::int64_t leaves,
                              const std::string& stored,
                              const std::string& seen) {
        return bad_states(
            judge_log({.leaves = leaves,
                       .database_note = stored,
                       .file_note = seen,
                       .key = tlog::write_verifier_key("log.test", signer().public_key())}));
    }
};

TEST_F(LogCheck, c3_9_the_log_is_held_against_the_checkpoint_outside) {
    EXPECT_EQ(states(0, "", ""), "");
    EXPECT_EQ(states(5, note(5, 'a'), note(5, 'a')), "");
    EXPECT_EQ(states(5, note(5, 'a'), note(3, 'b')), "");
    EXPECT_EQ(states(5, note(5, 'a'), note(5, 'b')), "error");
    EXPECT_EQ(states(3, note(3, 'a'), note(5, 'b')), "error");
    EXPECT_EQ(states(4, note(5, 'a'), note(5, 'a')), "error");
    EXPECT_EQ(states(0, "", note(5, 'a')), "error");
    EXPECT_EQ(states(5, note(5, 'a'), ""), "warning");
    EXPECT_EQ(states(5, "no note", note(5, 'a')), "error");
    std::string broken = note(5, 'a');
    broken[broken.find('5')] = '6';
    EXPECT_EQ(states(5, note(5, 'a'), broken), "error");
    EXPECT_EQ(
        bad_states(judge_log({.leaves = 0, .database_note = "", .file_note = "", .key = "x"})),
        "error");
}

TEST(Check, c3_9_findings_about_the_clock) {
    const Time now = from_micros(1'800'000'000'000'000);
    EXPECT_EQ(bad_states(judge_clock({.now = now, .newest = std::nullopt})), "");
    EXPECT_EQ(bad_states(judge_clock({.now = now, .newest = now + std::chrono::seconds(5)})), "");
    EXPECT_EQ(bad_states(judge_clock({.now = now, .newest = now + std::chrono::seconds(6)})),
              "error");
    EXPECT_EQ(bad_states(judge_clock({.now = now, .newest = now, .synchronized = false})),
              "warning");
    EXPECT_EQ(bad_states(judge_clock({.now = now, .newest = now, .synchronized = true})), "");
}

TEST(Check, c3_9_findings_about_limits) {
    const auto config = parse(good_config);
    const std::uint64_t enough = 4ULL << 30U;
    EXPECT_EQ(bad_states(judge_limits(config, {.files = 65536, .memory = enough})), "");
    EXPECT_EQ(bad_states(judge_limits(config, {.files = 65536, .memory = 0})), "");
    EXPECT_EQ(bad_states(judge_limits(config, {.files = 1024, .memory = enough})), "warning");
    EXPECT_EQ(bad_states(judge_limits(config, {.files = 65536, .memory = 1ULL << 30U})), "warning");
}

dns::DnsAnswer answer_of(dns::RecordType type,
                         const std::string& name,
                         std::vector<std::string> records) {
    dns::DnsAnswer answer;
    answer.type = type;
    answer.name = name;
    answer.rcode = dns::Rcode::no_error;
    answer.records = std::move(records);
    return answer;
}

TEST(Check, c3_9_findings_about_names) {
    const auto root = answer_of(dns::RecordType::soa, "", {"x"});
    auto secure = root;
    secure.security = dns::Security::secure;
    auto stripped = root;
    stripped.security = dns::Security::bogus;
    const auto address =
        answer_of(dns::RecordType::a, "mail.a.test", {std::string("\xC0\0\2\1", 4)});
    const auto good = answer_of(
        dns::RecordType::ptr, "1.2.0.192.in-addr.arpa", {std::string("\4mail\1a\4test\0", 13)});
    const auto bad = answer_of(
        dns::RecordType::ptr, "1.2.0.192.in-addr.arpa", {std::string("\5other\1a\4test\0", 14)});
    EXPECT_EQ(bad_states(judge_names({"mail.a.test", root, secure, {address}, {good}})), "");
    EXPECT_EQ(bad_states(judge_names({"mail.a.test", root, secure, {address}, {bad}})), "warning");
    EXPECT_EQ(bad_states(judge_names({"mail.a.test", root, secure, {}, {}})), "warning");
    EXPECT_EQ(bad_states(judge_names({"mail.a.test", root, stripped, {address}, {good}})),
              "warning");
    EXPECT_EQ(bad_states(judge_names({"mail.a.test", root, std::nullopt, {address}, {good}})),
              "warning");
    EXPECT_EQ(bad_states(judge_names({"mail.a.test", dns::DnsAnswer{}, secure, {address}, {good}})),
              "error");
}

TEST(Check, c3_9_findings_about_records) {
    struct Row {
        const char* what;
        RecordState state;
        CheckState expected;
    };

    for (const Row& row : {Row{"dkim", RecordState::match, CheckState::ok},
                           Row{"mx", RecordState::present, CheckState::ok},
                           Row{"dkim", RecordState::missing, CheckState::error},
                           Row{"dmarc", RecordState::missing, CheckState::warning},
                           Row{"dkim", RecordState::different, CheckState::error},
                           Row{"spf", RecordState::error, CheckState::warning}}) {
        RecordCheck check{.what = row.what,
                          .question = {dns::RecordType::txt, "s._domainkey.a.test"}};
        check.state = row.state;
        check.expected = "v=DKIM1; p=AAAA";
        const auto found = judge_record("a.test", check);
        EXPECT_EQ(found.state, row.expected) << row.what;
        EXPECT_EQ(found.action.empty(), row.expected == CheckState::ok);
    }
}

TEST(Check, c3_9_findings_about_ports) {
    EXPECT_EQ(judge_port({"*:25", ""}).state, CheckState::ok);
    EXPECT_EQ(judge_port({"*:25", "net.not_permitted"}).state, CheckState::warning);
    EXPECT_EQ(judge_port({"192.0.2.7:25", "net.bind"}).state, CheckState::error);
    const auto taken = judge_port({"*:25", "net.in_use", "master (pid 812)"});
    EXPECT_EQ(taken.state, CheckState::error);
    EXPECT_EQ(taken.text, "*:25 is taken by master (pid 812)");
}

TEST(Check, c3_9_postfix_gives_hints_only) {
    const auto config = parse("[[listener]]\nport = 10026\n");

    struct Row {
        std::string main_cf, text;
        bool hint;
    };

    const std::vector<Row> rows = {
        {"relayhost = [127.0.0.1]:10026\n", "by relayhost", false},
        {"relayhost =\n   [127.0.0.1]:10026\n", "by relayhost", false},
        {"content_filter=smtp:[127.0.0.1]:10026\n", "by content_filter", false},
        {"relayhost = [127.0.0.1]:100260\n", "hands nothing", true},
        {"# relayhost = [127.0.0.1]:10026\n", "hands nothing", true},
        {"relayhost = [127.0.0.1]:10026\nrelayhost = other\n", "hands nothing", true},
        {"smtpd_milters = inet:127.0.0.1:8891\n", "has milters", true},
        {"", "hands nothing", true}};
    for (const Row& row : rows) {
        const auto found = judge_postfix(row.main_cf, config);
        EXPECT_EQ(found.state, CheckState::ok);
        EXPECT_NE(found.text.find(row.text), std::string::npos) << row.main_cf << found.text;
        EXPECT_EQ(!found.action.empty(), row.hint) << row.main_cf;
    }
}

TEST(Check, c4_4_bulla_is_the_last_milter_and_mail_waits_for_it) {
    config::Config config;
    config.listeners = {{.address = "unix:/var/spool/postfix/bulla/milter",
                         .role = config::ListenerRole::milter,
                         .proxy_hosts = {},
                         .xforward_hosts = {},
                         .socket_group = {},
                         .trusted_daemons = {}}};

    struct Row {
        std::string main_cf;
        std::string text;
        CheckState state;
    };

    const Row rows[] = {
        {"smtpd_milters = unix:/bulla/milter\n", "by smtpd_milters", CheckState::ok},
        {"smtpd_milters = inet:localhost:11332, unix:/bulla/milter\n",
         "by smtpd_milters",
         CheckState::ok},
        {"smtpd_milters = { unix:/bulla/milter, default_action=accept }\n",
         "lets mail pass",
         CheckState::warning},
        {"smtpd_milters = { unix:/bulla/milter, connect_timeout=30s }\n",
         "by smtpd_milters",
         CheckState::ok},
        {"smtpd_milters = unix:\n", "hands nothing over", CheckState::ok},
        {"smtpd_milters = unix:/bulla/milter inet:localhost:11332\n",
         "asks other milters after bulla",
         CheckState::warning},
        {"smtpd_milters = unix:/bulla/milter\nmilter_default_action = accept\n",
         "lets mail pass",
         CheckState::warning},
        {"smtpd_milters = unix:/other/socket\n", "hands nothing over", CheckState::ok}};
    for (const Row& row : rows) {
        const auto found = judge_postfix(row.main_cf, config);
        EXPECT_EQ(found.state, row.state) << row.main_cf;
        EXPECT_NE(found.text.find(row.text), std::string::npos) << row.main_cf << found.text;
    }
}

TEST(Check, c3_9_a_new_instance_has_no_error_and_damage_shows) {
    testing::TestInstance made;
    made.close();
    const auto check = [&made](std::string_view area) {
        std::string out;
        for (const Finding& one : check_instance({.config_path = made.config.path,
                                                  .dns = false,
                                                  .postfix_path = "/nowhere",
                                                  .clock = made.clock,
                                                  .random = made.random})) {
            if (one.area == area && one.state == CheckState::error) {
                out += one.text + "\n";
            }
        }
        return out;
    };
    for (const char* area : {"configuration", "permissions", "database", "log", "keys", "clock"}) {
        EXPECT_EQ(check(area), "") << area;
    }
    ASSERT_EQ(::chmod(made.config.passphrase_file.c_str(), 0644), 0);
    EXPECT_NE(check("permissions").find("others can reach it"), std::string::npos);
    EXPECT_NE(check("keys"), "");
    ASSERT_EQ(::chmod(made.config.passphrase_file.c_str(), 0600), 0);
    made.clock.advance(-std::chrono::hours(1));
    EXPECT_NE(check("clock").find("has a checkpoint of"), std::string::npos);
    std::filesystem::remove(made.config.state_path + "/log.pub");
    EXPECT_NE(check("log"), "");
    std::filesystem::resize_file(made.config.state_path + "/bulla.db", 5000);
    EXPECT_NE(check("database"), "");
}

}  // namespace
}  // namespace bulla::services
