#include "config/config.h"

#include "config/key.h"
#include "config/scheme.h"
#include "config/values.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>

namespace bulla::config {
namespace {

std::string initial() {
    return write_initial_config(
        {.hostname = "mail.example.org", .domain = "example.org", .listeners = {}, .routes = {}});
}

Result<Config> parse(const std::string& text) {
    return parse_config(text, "/etc/bulla/bulla.toml");
}

std::string error_of(const std::string& text) {
    const auto config = parse(text);
    return config ? "accepted" : config.error().text;
}

/// Everything but the paths, as text: the rows of the tables hold all settings.
void expect_same_limits(const Config& a, const Config& b) {
    EXPECT_EQ(a.limits.message_bytes, b.limits.message_bytes);
    EXPECT_EQ(a.limits.recipients, b.limits.recipients);
    EXPECT_EQ(a.limits.session_refusals, b.limits.session_refusals);
    EXPECT_EQ(a.limits.auth_octets, b.limits.auth_octets);
    EXPECT_EQ(a.limits.dropped_bytes, b.limits.dropped_bytes);
    EXPECT_EQ(a.limits.line_octets, b.limits.line_octets);
    EXPECT_EQ(a.limits.memory_bytes, b.limits.memory_bytes);
    EXPECT_EQ(a.limits.session_seconds, b.limits.session_seconds);
    EXPECT_EQ(a.retry.first_seconds, b.retry.first_seconds);
    EXPECT_EQ(a.retry.expire_seconds, b.retry.expire_seconds);
    EXPECT_EQ(a.retry.reply_seconds, b.retry.reply_seconds);
    EXPECT_EQ(a.io_threads, b.io_threads);
    EXPECT_EQ(a.log_level, b.log_level);
}

TEST(Config, c2_4_initial_file_gives_the_defaults) {
    const auto config = parse(initial());
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->hostname, "mail.example.org");
    EXPECT_EQ(config->state_path, "/etc/bulla/state");
    EXPECT_EQ(config->volumes_path, "/etc/bulla/volumes");
    EXPECT_EQ(config->database_url, "sqlite:/etc/bulla/state/bulla.db");
    EXPECT_EQ(config->passphrase_file, "/etc/bulla/passphrase");
    expect_same_limits(*config, Config{});
    ASSERT_EQ(config->listeners.size(), 3U);
    EXPECT_EQ(config->listeners[2].tls, ListenerTls::implicit);
    ASSERT_EQ(config->routes.size(), 1U);
    EXPECT_EQ(config->routes[0].path, "/etc/bulla/mail/{domain}/{local}");
}

TEST(Config, c2_4_every_commented_setting_of_the_initial_file_is_its_default) {
    std::istringstream lines(initial());
    std::string text;
    for (std::string line; std::getline(lines, line);) {
        const bool setting = line.size() > 2 && line[0] == '#' && line[1] != ' ';
        text += (setting ? line.substr(1) : line) + "\n";
    }
    const auto config = parse(text);
    ASSERT_TRUE(config) << config.error().text << text;
    expect_same_limits(*config, Config{});
    EXPECT_EQ(config->listeners.size(), 4U);  // one is the example
    EXPECT_EQ(config->routes.size(), 2U);
    EXPECT_EQ(config->database_url, "sqlite:/etc/bulla/state/bulla.db");
}

TEST(Config, c2_4_initial_file_names_every_setting_with_its_default) {
    const std::string text = initial();
    for (const KeyInfo& key : list_keys()) {
        EXPECT_NE(
            text.find(std::string(key.help) + " (" + key.type + "; default " + key.value + ")"),
            std::string::npos)
            << key.name;
    }
}

template <class S>
void write_part(std::string& out, std::span<const Key<S>> keys, const S& from) {
    for (const Key<S>& key : keys) {
        out += std::string(key.name) + " = " + key.write(from, key) + "\n";
    }
}

std::string write_all(const Config& config) {
    std::string out;
    write_part(out, instance_keys(), config);
    write_part(out, database_keys(), config);
    write_part(out, volume_keys(), config);
    write_part(out, limit_keys(), config.limits);
    write_part(out, retry_keys(), config.retry);
    write_part(out, console_keys(), config.console);
    write_part(out, pkcs11_keys(), config.pkcs11);
    return out;
}

/// A configuration in which one setting is not the default.
struct ChangedSetting {
    std::string name;  ///< "console.port"
    bool restarts;
    Config config;
};

template <class S>
void change_each(std::vector<ChangedSetting>& out,
                 std::span<const Key<S>> keys,
                 const std::string& table,
                 S& (*part)(Config&)) {
    for (const Key<S>& key : keys) {
        Config config;
        Config other;
        // The least and the greatest number, another word, text, list: one of the candidates is not the default.
        const std::string path = "/etc/bulla.toml";
        const std::string directory = "/etc";
        const Place place{path, directory};
        for (const char* const value :
             {"1", "2000", "true", "\"error\"", "\"x\"", "[\"192.0.2.0/24\"]"}) {
            auto node = parse_toml("k = " + std::string(value) + "\n", path);
            ASSERT_TRUE(node);
            Key<S> wide = key;
            wide.least = 0;
            wide.most = INT64_MAX;
            if (wide.read(part(other), node->items.front(), wide, place) &&
                key.write(part(other), key) != key.write(part(config), key)) {
                break;
            }
        }
        ASSERT_NE(key.write(part(other), key), key.write(part(config), key)) << key.name;
        out.push_back({table + std::string(key.name), key.restarts, other});
    }
}

TEST(Config, c2_4_a_reload_follows_each_setting_or_names_it) {
    std::vector<ChangedSetting> changed;
    const auto whole = [](Config& config) -> Config& { return config; };
    change_each<Config>(changed, instance_keys(), "", whole);
    change_each<Config>(changed, database_keys(), "database.", whole);
    change_each<Config>(changed, volume_keys(), "volume.", whole);
    change_each<Limits>(
        changed, limit_keys(), "limits.", [](Config& config) -> Limits& { return config.limits; });
    change_each<Retry>(
        changed, retry_keys(), "retry.", [](Config& config) -> Retry& { return config.retry; });
    change_each<Console>(changed, console_keys(), "console.", [](Config& config) -> Console& {
        return config.console;
    });
    change_each<Pkcs11>(
        changed, pkcs11_keys(), "pkcs11.", [](Config& config) -> Pkcs11& { return config.pkcs11; });
    const Config running;
    for (const ChangedSetting& one : changed) {
        const Reloaded reloaded = decide_reload(running, one.config);
        EXPECT_EQ(reloaded.waiting,
                  one.restarts ? std::vector{one.name} : std::vector<std::string>{});
        EXPECT_EQ(write_all(reloaded.config), write_all(one.restarts ? running : one.config))
            << one.name;
    }
    // Those that repeat are followed as a whole.
    std::size_t repeated = 0;
    for (const KeyInfo& key : list_keys()) {
        const bool repeats = key.table.starts_with("[[");
        repeated += repeats ? 1 : 0;
        EXPECT_FALSE(repeats && key.restarts) << key.name;
    }
    EXPECT_EQ(changed.size() + repeated, list_keys().size());
}

TEST(Config, c2_4_reference_has_a_row_for_every_setting) {
    std::ifstream file(BULLA_SOURCE_DIR "/docs/configuration.md");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (const KeyInfo& key : list_keys()) {
        std::string type = key.type;
        for (std::size_t at = 0; (at = type.find(" | ", at)) != std::string::npos;) {
            type.replace(at, 3, ", ");
        }
        const std::string row = "| `" + std::string(key.name) + "` | " + type + " | `" + key.value +
                                "` | " + std::string(key.help) + " |\n";
        EXPECT_NE(text.find(row), std::string::npos) << key.table << '\n' << row;
    }
}

TEST(Config, c2_4_errors_name_file_line_and_column) {
    const std::string head = "hostname = \"mail.example.org\"\n";

    struct Row {
        std::string text, error;
    };

    const std::string local = "\n[[route]]\nname = \"a\"\nmatch = [\"local\"]\n";
    const std::vector<Row> rows = {
        {"", "/etc/bulla/bulla.toml:1:1: hostname must be given"},
        {"hostname = \"a..b\"\n", "/etc/bulla/bulla.toml:1:12: hostname must be a domain name"},
        {head + "hots = 1\n", "/etc/bulla/bulla.toml:2:8: hots is unknown; known here: hostname"},
        {head + "[limits]\nrecipient = 5\n",
         "/etc/bulla/bulla.toml:3:13: recipient is unknown; known here: message_size"},
        {head + "[limits]\nrecipients = 99\n",
         "/etc/bulla/bulla.toml:3:14: recipients must be from 100 to 100000"},
        {head + "[limits]\nrecipients = 100001\n",
         "/etc/bulla/bulla.toml:3:14: recipients must be from"},
        {head + "[limits]\nrecipients = \"100\"\n", "recipients must be a whole number"},
        {head + "[limits]\nmessage_size = \"50 MB\"\n",
         "message_size \"50 MB\" is no number with a unit of B, KiB"},
        {head + "[limits]\nmessage_size = 65535\n", "message_size must be from 65536"},
        {head + "[retry]\nfirst = \"2 w\"\n", "unit of s, min, h, d"},
        {head + "[retry]\nfirst = \"2 h\"\nlongest = \"1 h\"\n",
         "/etc/bulla/bulla.toml:4:11: longest must not be less"},
        {head + "node = 0\n", "node must be from 1 to 1023"},
        {head + "node = 1024\n", "node must be from 1 to 1023"},
        {head + "log_level = \"loud\"\n", "must be one of: debug | info | warning | error"},
        {head + "limits = 3\n", "limits must be a table"},
        {head + "listener = 3\n", "must be written [[listener]]"},
        {head + "[[listener]]\naddress = \"localhost\"\n", "[[listener]] has no IP address"},
        {head + "[[listener]]\nport = 0\n", "port must be from 1 to 65535"},
        {head + "[[listener]]\nport = 65536\n", "port must be from 1 to 65535"},
        {head + "[[listener]]\nproxy_protocol = true\n", "anybody could claim any address"},
        {head + "[[listener]]\nproxy_hosts = [\"10.0.0.1/8\"]\n", "/etc/bulla/bulla.toml:3:16"},
        {head + "[[listener]]\n[[listener]]\n", "listens twice at 127.0.0.1 port 25"},
        {head + "[[listener]]\nrole = \"milter\"\n", "anybody could claim any log-in"},
        {head + "[[listener]]\naddress = \"unix:/run/x\"\n", "that is for role milter"},
        {head + "[[listener]]\nrole = \"milter\"\naddress = \"unix:x\"\n", "an absolute path"},
        {head + "[[listener]]\nrole = \"milter\"\naddress = \"unix:/x\"\nproxy_protocol = true\n",
         "which no milter has"},
        {head + "[[listener]]\nrole = \"milter\"\naddress = \"unix:/x\"\nport = 1\n"
                "[[listener]]\nrole = \"milter\"\naddress = \"unix:/x\"\nport = 2\n",
         "listens twice at unix:/x"},
        {head + "[[route]]\nmatch = [\"*\"]\n", "needs a name"},
        {head + "[[route]]\nname = \"a\"\n", "matches nothing"},
        {head + local, "no host"},
        {head + local + "host = \"-\"\n", "no name and no IP address"},
        {head + local + "host = \"h.example\"\nuser = \"u\"\n", "user and password_file together"},
        {head + local + "host = \"h.example\"\nuser = \"u\"\npassword_file = \"p\"\n",
         "needs tls = \"required\""},
        {head + local + "exit = \"maildir\"\npath = \"x\"\n", "no {local}"},
        {head + local + "exit = \"maildir\"\npath = \"{local}\"\nport = 25\n",
         "/etc/bulla/bulla.toml:8:8: port is for exit = \"smtp\": a Maildir has no next hop"},
        {head + local + "exit = \"maildir\"\npath = \"{local}\"\ntls = \"none\"\n", "tls is for"},
        {head + local + "host = \"h.example\"\npath = \"{local}\"\n",
         "has a path, which is for exit = \"maildir\""},
        {head + "[[route]]\nname = \"a\"\nmatch = [\"a b\"]\n", "which is no domain"},
        {head + "[database]\nurl = \"mysql://h/d\"\n", "must be sqlite:FILE"},
        {head + "[volume]\nname = \"../x\"\n", "must be of letters"},
        {head + "state = 1\n", "state must be a text"},
        {"hostname = \n", "/etc/bulla/bulla.toml:1:"},
        {std::string(1U << 20U, '#') + "\n", "larger than 1 MiB"},
    };
    for (const Row& row : rows) {
        EXPECT_NE(error_of(row.text).find(row.error), std::string::npos)
            << row.text.substr(0, 200) << "\n  gave " << error_of(row.text);
    }
}

TEST(Config, c2_4_limits_are_taken_at_their_ends) {
    const std::string head = "hostname = \"mail.example.org\"\n";
    EXPECT_TRUE(
        parse(head + "node = 1023\n[limits]\nrecipients = 100\nmessage_size = \"64KiB\"\n"));
    EXPECT_TRUE(parse(
        head +
        "node = 1\n[limits]\nrecipients = 100000\nmessage_size = \"1 GiB\"\n[retry]\nwarn = 0\n"));
}

TEST(Config, c2_4_each_limit_is_taken_at_its_ends_and_refused_beyond) {
    const std::string head = "hostname = \"mail.example.org\"\n[limits]\n";
    for (const auto& key : limit_keys()) {
        const auto with = [&](std::int64_t value) {
            return parse(head + std::string(key.name) + " = " + std::to_string(value) + "\n");
        };
        const auto least = with(key.least);
        ASSERT_TRUE(least) << least.error().text;
        const auto most = with(key.most);
        ASSERT_TRUE(most) << most.error().text;
        EXPECT_NE(key.write(least->limits, key), key.write(most->limits, key)) << key.name;
        EXPECT_FALSE(with(key.least - 1)) << key.name;
        EXPECT_FALSE(with(key.most + 1)) << key.name;
    }
}

TEST(Config, patterns_of_routes_get_their_one_form) {
    const auto config = parse(
        "hostname = \"Mail.Example.Org.\"\n[[route]]\nname = \"a\"\nmatch = [\"*.B\xC3\xBC"
        "cher.example\", \"EXAMPLE.org\", \"*\"]\nhost = \"::1\"\n");
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->hostname, "mail.example.org");
    EXPECT_EQ(config->routes[0].match,
              (std::vector<std::string>{"*.xn--bcher-kva.example", "example.org", "*"}));
}

TEST(Config, values_read_what_they_write) {
    for (const std::int64_t value :
         {0LL, 1LL, 59LL, 60LL, 61LL, 3600LL, 86400LL, 604800LL, 1LL << 20, (1LL << 30) + 1}) {
        EXPECT_EQ(parse_duration(write_duration(value)), value);
        EXPECT_EQ(parse_size(write_size(value)), value);
    }
    EXPECT_EQ(write_size(50LL << 20), "50 MiB");
    EXPECT_EQ(write_duration(604800), "7 d");
    EXPECT_EQ(parse_size("64KiB"), 65536);
    for (const char* bad : {"",
                            " ",
                            "-1",
                            "1 kb",
                            "1  ",
                            "0x10",
                            "9223372036854775807 KiB",
                            "99999999999999999999",
                            "1.5 MiB"}) {
        EXPECT_FALSE(parse_size(bad)) << bad;
    }
}

TEST(Config, c2_4_characters_beyond_ascii_stand_in_strings_and_comments_only) {
    const auto good = parse_config(
        "# Gr\u00fc\u00dfe\nhostname = \"mail.example.org\" # \u00fc\nnode_name = 'x'\n", "b.toml");
    EXPECT_TRUE(good) << good.error().text;
    const auto bad = parse_config("hostname = \"mail.example.org\"\nnode\u00b2 = 1\n", "b.toml");
    ASSERT_FALSE(bad);
    EXPECT_TRUE(bad.error().text.starts_with("b.toml:2:5:")) << bad.error().text;
}

}  // namespace
}  // namespace bulla::config
