#include "directory/settings.h"

#include "config/values.h"
#include "dkim/signed_bytes.h"
#include "dkim/signed_fields.h"
#include "names/domain.h"
#include "names/ip.h"
#include "names/server_address.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace bulla::directory {
namespace {

constexpr std::int64_t day = 86400;
constexpr std::size_t max_value = 16384;

constexpr std::array settings{
    SettingInfo{"trusted_networks",
                SettingType::networks,
                SettingLevel::server,
                {},
                0,
                0,
                "",
                "Clients that may use relay listeners without logging in."},
    SettingInfo{"send_as",
                SettingType::choice,
                SettingLevel::account,
                "own | domain | any",
                0,
                0,
                "own",
                "From addresses that an account may use: its own, any of its domain, any at all."},
    SettingInfo{
        "bare_newlines",
        SettingType::choice,
        SettingLevel::server,
        "refuse | repair",
        0,
        0,
        "refuse",
        "What is done with a message that has CR or LF alone, or NUL; repair makes the former "
        "CRLF and leaves out the latter."},
    SettingInfo{"seven_bit",
                SettingType::choice,
                SettingLevel::server,
                "when_needed | always",
                0,
                0,
                "when_needed",
                "always: 8-bit text is encoded before signing; when_needed: a next hop that cannot "
                "take it makes a bounce."},
    SettingInfo{"received_header",
                SettingType::flag,
                SettingLevel::server,
                {},
                0,
                0,
                "1",
                "Add a Received field."},
    SettingInfo{
        "unknown_recipients",
        SettingType::choice,
        SettingLevel::domain,
        "by_route | refuse | accept",
        0,
        0,
        "by_route",
        "Mail for an address of a local domain that no account has; by_route: refused where "
        "a Maildir would take it, passed on where another server knows its accounts."},
    SettingInfo{"reverse_dns",
                SettingType::flag,
                SettingLevel::server,
                {},
                0,
                0,
                "1",
                "Look up the names of clients from outside, for the Received field."},
    SettingInfo{"dkim_missing_key",
                SettingType::choice,
                SettingLevel::domain,
                "unsigned | refuse",
                0,
                0,
                "unsigned",
                "What is done with outgoing mail of a domain without a DKIM key."},
    SettingInfo{"dkim_record_wrong",
                SettingType::choice,
                SettingLevel::domain,
                "warn | refuse",
                0,
                0,
                "warn",
                "What is done with outgoing mail while the DNS has not the record of the key that "
                "signs it."},
    SettingInfo{"dkim_sign_relayed",
                SettingType::flag,
                SettingLevel::domain,
                {},
                0,
                0,
                "0",
                "Sign mail that comes from outside, too, if its From is of this domain: whoever "
                "forges it gets our signature."},
    SettingInfo{"dkim_self_check",
                SettingType::choice,
                SettingLevel::domain,
                "refuse | warn",
                0,
                0,
                "refuse",
                "What is done when a signature just made does not verify."},
    SettingInfo{"dkim_canonicalization",
                SettingType::choice,
                SettingLevel::domain,
                "relaxed/relaxed | relaxed/simple | simple/relaxed | simple/simple",
                0,
                0,
                "relaxed/relaxed",
                "How header and body are made canonical before signing (RFC 6376 3.4)."},
    SettingInfo{"dkim_expiry",
                SettingType::time,
                SettingLevel::domain,
                {},
                0,
                3650 * day,
                "7 d",
                "How long a DKIM signature is good (x=); 0 s: without end."},
    SettingInfo{"dkim_signed_headers",
                SettingType::fields,
                SettingLevel::domain,
                "default",
                0,
                0,
                "default",
                "The header fields that are signed, in the order of h=; From is always among them. "
                "default: those of RFC 6376 5.4.1, of MIME and of mailing lists."},
    SettingInfo{
        "dkim_oversign_headers",
        SettingType::fields,
        SettingLevel::domain,
        "default | none",
        0,
        0,
        "default",
        "The fields that h= names once more than the message has them, so that nobody can "
        "add one (RFC 6376 8.15); NAME? only if the message has it. default: of those that "
        "are signed From, To, Cc, Subject, Date, Reply-To, Message-ID? and those of MIME?."},
    SettingInfo{
        "dkim_update_server",
        SettingType::server,
        SettingLevel::domain,
        {},
        0,
        0,
        "",
        "The name server at which bulla publishes and withdraws the records of DKIM keys by "
        "itself (RFC 2136)."},
    SettingInfo{"dkim_update_key_file",
                SettingType::path,
                SettingLevel::domain,
                {},
                0,
                0,
                "",
                "The TSIG key for that, hmac-sha256 or hmac-sha512, as BIND, Knot or knsupdate "
                "write it; only the daemon's user may read it."},
    SettingInfo{"dkim_update_zone",
                SettingType::domain,
                SettingLevel::domain,
                {},
                0,
                0,
                "",
                "The zone at that server; empty: the server is asked."},
    SettingInfo{"dkim_update_ttl",
                SettingType::time,
                SettingLevel::domain,
                {},
                1,
                7 * day,
                "1 h",
                "How long resolvers keep a record that bulla publishes."},
    SettingInfo{"dkim_update_retired",
                SettingType::choice,
                SettingLevel::domain,
                "remove | revoke",
                0,
                0,
                "remove",
                "What bulla does at that server with the record of a retired key: remove it, or "
                "publish it with an empty p=."},
    SettingInfo{
        "dkim_policy_file",
        SettingType::path,
        SettingLevel::server,
        {},
        0,
        0,
        "",
        "A dkimdomains file that says who signs what with which key, read anew at a reload; "
        "empty: the policy kept in the instance, if there is one."},
    SettingInfo{"dkim_key_directory",
                SettingType::path,
                SettingLevel::server,
                {},
                0,
                0,
                "",
                "The directory of keys that a signing policy names, in the layout of s/qmail's "
                "ssl/domainkeys."},
    SettingInfo{"signature_verification_enabled",
                SettingType::flag,
                SettingLevel::server,
                {},
                0,
                0,
                "0",
                "Check the archive's signatures with public keys when messages are shown; 1 by "
                "default as soon as "
                "signature_public_key_path is set."},
    SettingInfo{"signature_public_key_path",
                SettingType::path,
                SettingLevel::server,
                {},
                0,
                0,
                "",
                "A PEM public key file for that check, or a directory of several."},
};

std::unexpected<Error> bad(const SettingInfo& setting, std::string_view value) {
    return fail(
        "setting.bad",
        Fault::sender,
        fmt::format("{} cannot be \"{}\": {}", setting.name, value, describe_setting(setting)));
}

bool is_word_of(std::string_view words, std::string_view value) {
    while (!words.empty()) {
        const std::size_t bar = words.find(" | ");
        if (words.substr(0, bar) == value) {
            return true;
        }
        words = bar == std::string_view::npos ? std::string_view() : words.substr(bar + 3);
    }
    return false;
}

Result<std::string> parse_flag(const SettingInfo& setting, std::string_view value) {
    if (is_word_of("1 | true | yes | on", value)) {
        return "1";
    }
    if (is_word_of("0 | false | no | off", value)) {
        return "0";
    }
    return bad(setting, value);
}

Result<std::string> parse_number(const SettingInfo& setting, std::string_view value) {
    auto* const parse = setting.type == SettingType::size   ? config::parse_size
                        : setting.type == SettingType::time ? config::parse_duration
                                                            : config::parse_whole;
    const auto number = parse(value);
    if (!number || *number < setting.least || *number > setting.most) {
        return bad(setting, value);
    }
    return setting.type == SettingType::size   ? config::write_size(*number)
           : setting.type == SettingType::time ? config::write_duration(*number)
                                               : std::to_string(*number);
}

Result<std::string> parse_networks(const SettingInfo& setting, std::string_view value) {
    std::string out;
    while (!value.empty()) {
        const std::size_t end = std::min(value.find_first_of(", "), value.size());
        if (const std::string_view word = value.substr(0, end); !word.empty()) {
            const auto network = Cidr::parse(word);
            if (!network) {
                return bad(setting, word);
            }
            out += (out.empty() ? "" : ", ") + network->text();
        }
        value.remove_prefix(std::min(end + 1, value.size()));
    }
    return out;
}

Result<std::string> parse_server(const SettingInfo& setting, std::string_view value) {
    if (value.empty()) {
        return std::string();
    }
    const auto address = ServerAddress::parse(value, dns_port);
    return address ? Result<std::string>(address->text()) : bad(setting, value);
}

Result<std::string> parse_domain(const SettingInfo& setting, std::string_view value) {
    if (value.empty()) {
        return std::string();
    }
    const auto name = DomainName::parse(value);
    return name ? Result<std::string>(name->ascii()) : bad(setting, value);
}

Result<std::string> parse_fields(const SettingInfo& setting, std::string_view value) {
    if (is_word_of(setting.words, value)) {
        return std::string(value);
    }
    const auto names = dkim::parse_field_names(value);
    if (!names || names->empty()) {
        return bad(setting, value);
    }
    std::string out;
    for (const auto& name : *names) {
        // In a list these would be names of fields; "?" belongs to oversigning.
        if (dkim::is_same_name(name, "default") || dkim::is_same_name(name, "none") ||
            (name.ends_with('?') && setting.name == "dkim_signed_headers")) {
            return bad(setting, value);
        }
        out.append(out.empty() ? "" : ", ").append(name);
    }
    return out;
}

}  // namespace

std::span<const SettingInfo> list_settings() {
    return settings;
}

const SettingInfo* find_setting(std::string_view name) {
    const auto* const found = std::ranges::find(settings, name, &SettingInfo::name);
    return found == settings.end() ? nullptr : found;
}

Result<std::string> parse_setting(const SettingInfo& setting, std::string_view value) {
    const auto is_control = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    };
    if (value.size() > max_value || std::ranges::any_of(value, is_control)) {
        return fail(
            "setting.bad",
            Fault::sender,
            fmt::format("{}: the value is too long or has control characters", setting.name));
    }
    switch (setting.type) {
        case SettingType::choice:
            if (!is_word_of(setting.words, value)) {
                return bad(setting, value);
            }
            return std::string(value);
        case SettingType::flag:
            return parse_flag(setting, value);
        case SettingType::networks:
            return parse_networks(setting, value);
        case SettingType::fields:
            return parse_fields(setting, value);
        case SettingType::server:
            return parse_server(setting, value);
        case SettingType::domain:
            return parse_domain(setting, value);
        case SettingType::path:
            if (!value.empty() && !value.starts_with('/')) {
                return bad(setting, value);
            }
            return std::string(value);
        case SettingType::whole:
        case SettingType::size:
        case SettingType::time:
            return parse_number(setting, value);
    }
    return bad(setting, value);
}

std::string describe_setting(const SettingInfo& setting) {
    switch (setting.type) {
        case SettingType::choice:
            return fmt::format("one of {}", setting.words);
        case SettingType::flag:
            return "1 or 0";
        case SettingType::networks:
            return "networks such as 192.0.2.0/24, 2001:db8::/32";
        case SettingType::fields:
            return fmt::format("{}, or names of header fields such as From, Subject, Date",
                               setting.words);
        case SettingType::path:
            return "an absolute path, or nothing";
        case SettingType::server:
            return "an IP address, with or without :PORT, or nothing";
        case SettingType::domain:
            return "a domain name, or nothing";
        case SettingType::whole:
            return fmt::format("a number, {} to {}", setting.least, setting.most);
        case SettingType::size:
            return fmt::format("a size, {} to {}",
                               config::write_size(setting.least),
                               config::write_size(setting.most));
        case SettingType::time:
            return fmt::format("a time, {} to {}",
                               config::write_duration(setting.least),
                               config::write_duration(setting.most));
    }
    return {};
}

std::string SettingScope::text() const {
    switch (level) {
        case SettingLevel::server:
            return {};
        case SettingLevel::domain:
            return "domain:" + name;
        case SettingLevel::account:
            return "account:" + name;
    }
    return {};
}

Result<SettingScope> parse_scope(std::string_view text) {
    if (text.empty() || text == "server") {
        return SettingScope{};
    }
    if (text.starts_with("domain:")) {
        BULLA_TRY(domain, DomainName::parse(text.substr(7)));
        return SettingScope{SettingLevel::domain, domain.ascii()};
    }
    if (text.starts_with("account:") && text.size() > 8 && text.size() <= 191) {
        return SettingScope{SettingLevel::account, std::string(text.substr(8))};
    }
    return fail(
        "setting.bad_scope",
        Fault::sender,
        fmt::format("\"{}\" is no place for a setting: server, domain:NAME or account:LOGIN",
                    text));
}

}  // namespace bulla::directory
