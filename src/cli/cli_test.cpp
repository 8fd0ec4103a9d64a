#include "cli/command.h"
#include "cli/init_options.h"
#include "cli/output.h"
#include "cli/version.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

namespace bulla::cli {
namespace {

struct Ran {
    int code;
    std::string out, err;
};

Ran run_words(std::vector<const char*> words, const std::string& input = "") {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const SystemClock clock;
    SystemRandom random;
    Context context{.in = in, .out = out, .err = err, .clock = clock, .random = random};
    context.serve = [](const ServeOptions& options) {
        return options.config_path == "made-up.toml" ? 7 : 8;
    };
    words.insert(words.begin(), "bulla");
    const int code = run_with(context, static_cast<int>(words.size()), words.data());
    return {code, out.str(), err.str()};
}

TEST(Cli, version_is_the_projects) {
    std::ifstream file(BULLA_SOURCE_DIR "/CMakeLists.txt");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    std::smatch found;
    ASSERT_TRUE(std::regex_search(text, found, std::regex("project\\(bulla VERSION ([0-9.]+)")));
    EXPECT_EQ(found[1].str(), version);
    EXPECT_EQ(run_words({"--version"}).out, "bulla " + found[1].str() + "\n");
}

TEST(Cli, c2_4_wrong_usage_is_2_and_names_the_help) {
    struct Row {
        std::vector<const char*> words;
        std::string hint;
    };

    const std::vector<Row> rows = {
        {{}, "Try: bulla --help"},
        {{"nothing"}, "Try: bulla --help"},
        {{"domain"}, "Try: bulla domain --help"},
        {{"domain", "add"}, "Try: bulla domain add --help"},
        {{"domain", "add", "a.test", "--colour"}, "Try: bulla domain add --help"},
        {{"account", "add", "a@b.test", "--one-time", "--password-stdin"},
         "Try: bulla account add --help"},
        {{"queue", "list", "--limit", "1001"}, "Try: bulla queue list --help"},
        {{"queue", "list", "--limit", "0"}, "Try: bulla queue list --help"},
        {{"group", "set", "g", "--archiving", "maybe"}, "Try: bulla group set --help"},
    };
    for (const Row& row : rows) {
        const Ran ran = run_words(row.words);
        EXPECT_EQ(ran.code, 2) << row.hint;
        EXPECT_EQ(ran.out, "");
        EXPECT_TRUE(ran.err.starts_with("bulla: ")) << ran.err;
        EXPECT_NE(ran.err.find(row.hint), std::string::npos) << ran.err;
    }
}

TEST(Cli, c2_4_an_unknown_command_names_the_nearest) {
    struct Row {
        std::vector<const char*> words;
        std::string said;
    };

    const std::vector<Row> rows = {
        {{"domian"}, "there is no command \"domian\"; did you mean \"domain\"?"},
        {{"domain", "ad", "x"}, "there is no command \"ad\" in domain; did you mean \"add\"?"},
        {{"account", "totp", "enrol"}, "did you mean \"enroll\"?"},
        {{"zzzzzzzzzz"}, "there is no command \"zzzzzzzzzz\"\n"},
    };
    for (const Row& row : rows) {
        const Ran ran = run_words(row.words);
        EXPECT_EQ(ran.code, 2);
        EXPECT_NE(ran.err.find(row.said), std::string::npos) << ran.err;
    }
}

TEST(Cli, an_ed25519_key_has_no_bits) {
    const Ran ran =
        run_words({"dkim", "keygen", "-d", "a.test", "-s", "s", "-t", "ed25519", "-b", "2048"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(ran.out, "");
}

TEST(Cli, DK_21_arc_seal_adds_a_set) {
    const std::string key = testing::TempDir() + "arc_seal.pem";
    (void)std::remove(key.c_str());
    ASSERT_EQ(run_words({"dkim", "keygen", "-d", "a.test", "-s", "s", "-o", key.c_str()}).code, 0);
    const std::vector<const char*> words = {"arc",
                                            "seal",
                                            "-d",
                                            "a.test",
                                            "-s",
                                            "s",
                                            "-k",
                                            key.c_str(),
                                            "--authserv-id",
                                            "mx.a.test",
                                            "--now",
                                            "2026-01-02T03:04:05Z"};
    const std::string message =
        "Authentication-Results: mx.a.test; spf=pass smtp.mailfrom=x@b.test\n"
        "Authentication-Results: other.test; dkim=pass\n"
        "From: x@b.test\n\nbody\n";
    const Ran sealed = run_words(words, message);
    EXPECT_EQ(sealed.code, 0) << sealed.err;
    EXPECT_TRUE(sealed.out.starts_with("ARC-Seal: a=rsa-sha256; b=")) << sealed.out;
    EXPECT_TRUE(sealed.out.ends_with("\n" + message));
    EXPECT_EQ(sealed.out.find('\r'), std::string::npos);
    EXPECT_NE(sealed.out.find("cv=none; d=a.test; i=1; s=s; t=1767323045"), std::string::npos);
    EXPECT_NE(sealed.out.find("ARC-Authentication-Results: i=1; mx.a.test; spf=pass"),
              std::string::npos);
    EXPECT_EQ(sealed.out.find("i=1; mx.a.test; dkim"), std::string::npos);
    // The chain cannot be none once there is a set; and a set without its fellows needs no DNS to fail.
    std::vector<const char*> again = words;
    again.insert(again.end(), {"--chain", "none"});
    EXPECT_EQ(run_words(again, sealed.out).code, 3);
    const Ran failed = run_words({"arc", "verify"}, "ARC-Seal: i=1; cv=none\n" + message);
    EXPECT_EQ(failed.code, 1);
    EXPECT_TRUE(failed.out.starts_with("fail: ")) << failed.out;
    EXPECT_EQ(nlohmann::json::parse(run_words({"arc", "verify", "--json"}, message).out)["result"],
              "none");
}

TEST(Cli, c2_4_an_error_says_what_to_do_and_is_json_when_asked) {
    const Ran ran = run_words({"domain", "list", "-c", "/nowhere/bulla.toml"});
    EXPECT_EQ(ran.code, 3);
    EXPECT_NE(ran.err.find("/nowhere/bulla.toml"), std::string::npos);
    const Ran json = run_words({"domain", "list", "-c", "/nowhere/bulla.toml", "--json"});
    EXPECT_EQ(json.code, 3);
    EXPECT_EQ(json.out, "");
    EXPECT_EQ(nlohmann::json::parse(json.err)["error"]["code"], "config.unreadable");
}

TEST(Cli, c2_4_serve_hands_over_and_gives_its_code) {
    EXPECT_EQ(run_words({"serve", "-c", "made-up.toml"}).code, 7);
    EXPECT_EQ(run_words({"serve", "--config", "other.toml"}).code, 8);
}

TEST(Cli, c2_4_a_password_is_never_an_argument) {
    const Ran help = run_words({"account", "add", "--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_NE(help.out.find("--password-stdin"), std::string::npos);
    EXPECT_EQ(run_words({"account", "add", "a@b.test", "--password", "x"}).code, 2);
    EXPECT_NE(run_words({"account", "add", "a@b.test", "--password-stdin", "-c", "/nowhere"}, "\n")
                  .err.find("the secret is empty"),
              std::string::npos);
    const std::string long_secret(1025, 'x');
    EXPECT_NE(
        run_words({"account", "add", "a@b.test", "--password-stdin", "-c", "/nowhere"}, long_secret)
            .err.find("1024"),
        std::string::npos);
}

TEST(Cli, text_of_a_mail_cannot_steer_the_terminal) {
    struct Row {
        std::string text, shown;
    };

    const std::string r = "\xEF\xBF\xBD";
    const std::vector<Row> rows = {
        {"plain \xC3\xBC \xE2\x82\xAC \xF0\x9F\x93\xA7",
         "plain \xC3\xBC \xE2\x82\xAC \xF0\x9F\x93\xA7"},
        {"\x1B[31mred", r + "[31mred"},
        {"a\nb\tc\x7F", "a" + r + "b" + r + "c" + r},
        {"\xC2\x9B"
         "31m",
         r + "31m"},
        {"\xE2\x80\xAE"
         "fdp.exe",
         r + "fdp.exe"},
        {"\xE2\x81\xA6x\xE2\x81\xA9", r + "x" + r},
        {"\xC0\xAF", r + r},
        {"\xED\xA0\x80", r + r + r},
        {"\xF4\x90\x80\x80", r + r + r + r},
        {"\xE2\x82", r + r},
        {std::string("a\0b", 3), "a" + r + "b"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(printable(row.text), row.shown);
    }
}

TEST(Output, json_shows_controls_by_their_escapes) {
    std::ostringstream out;
    print_json(out, {{"a", "\xC2\x9B\xE2\x80\xAE\x7F\xC3\xA4\n"}});
    EXPECT_EQ(out.str(), "{\n  \"a\": \"\\u009b\\u202e\\u007f\xC3\xA4\\n\"\n}\n");
}

TEST(Cli, tables_are_aligned_by_characters) {
    Table table({"NAME", "N"});
    std::ostringstream empty;
    table.print(empty, "nothing");
    EXPECT_EQ(empty.str(), "nothing\n");
    table.add({"\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC", "1"});
    table.add({"b", "22"});
    std::ostringstream out;
    table.print(out, "nothing");
    EXPECT_EQ(out.str(), "NAME   N\n\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC  1\nb      22\n");
}

TEST(Cli, c2_4_listeners_of_init) {
    const auto listener = parse_listener("submission=[::1]:465,implicit");
    ASSERT_TRUE(listener);
    EXPECT_EQ(listener->address, "::1");
    EXPECT_EQ(listener->port, 465);
    EXPECT_EQ(listener->role, config::ListenerRole::submission);
    EXPECT_EQ(listener->tls, config::ListenerTls::implicit);
    EXPECT_EQ(parse_listener("inbound=*:25").value().address, "*");
    EXPECT_EQ(parse_listener("inbound=*:25").value().tls, config::ListenerTls::starttls);
    for (const char* bad : {"",
                            "inbound",
                            "inbound=",
                            "inbound=25",
                            "in=*:25",
                            "inbound=*:0",
                            "inbound=*:65536",
                            "inbound=*:25,tls",
                            "inbound=:25"}) {
        EXPECT_FALSE(parse_listener(bad)) << bad;
    }
    const auto options = read_init_arguments({.domain = "example.org",
                                              .admin = "a@example.org",
                                              .next_hop = "10.0.0.1:24",
                                              .smarthost = "[2001:db8::1]:587"});
    ASSERT_TRUE(options) << options.error().text;
    ASSERT_EQ(options->routes.size(), 2U);
    EXPECT_EQ(options->routes[0].host, "10.0.0.1");
    EXPECT_EQ(options->routes[1].host, "2001:db8::1");
    const std::string text = config::write_initial_config({.hostname = "m.example.org",
                                                           .domain = "example.org",
                                                           .listeners = {*listener},
                                                           .routes = options->routes});
    const auto config = config::parse_config(text, "/x/bulla.toml");
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->listeners[0].port, 465);
    EXPECT_EQ(config->routes[1].match, std::vector<std::string>{"*"});
}

}  // namespace
}  // namespace bulla::cli
