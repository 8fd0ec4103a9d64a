#pragma once
#include "base/error.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bulla::directory {

/// fields: names of header fields, or one of `words` alone. server: an address with or without a port; domain: a name; either may be empty.
enum class SettingType { choice, flag, whole, size, time, networks, path, fields, server, domain };

/// The narrowest level at which a setting may be set; a value there overrides the wider ones (account before domain before server).
enum class SettingLevel { server, domain, account };

/// One setting that is kept in the database: the only place that knows its type, default and range. The command line, the loader and
/// docs/configuration.md are made from these rows.
struct SettingInfo {
    std::string_view name;
    SettingType type = SettingType::choice;
    SettingLevel level = SettingLevel::server;
    std::string_view words;  ///< choice, fields: "one | two"
    std::int64_t least = 0;
    std::int64_t most = 0;
    std::string_view value;  ///< The default, in the form of parse_setting().
    std::string_view help;
};

/// The usual port of a setting of the type server.
inline constexpr std::uint16_t dns_port = 53;

[[nodiscard]] std::span<const SettingInfo> list_settings();
/// The row of `name`; null if there is none.
[[nodiscard]] const SettingInfo* find_setting(std::string_view name);
/// `value` in its one form: flags "1" or "0" (true, yes, on and their opposites are taken), sizes and times with their largest unit,
/// networks and fields separated by ", ". Error: setting.bad, with what is allowed.
[[nodiscard]] Result<std::string> parse_setting(const SettingInfo& setting, std::string_view value);
/// The type and range of a setting, for people.
[[nodiscard]] std::string describe_setting(const SettingInfo& setting);

/// Where a value is set: "" for the server, "domain:example.org", "account:login".
struct SettingScope {
    SettingLevel level = SettingLevel::server;
    std::string name{};  ///< Domain or login; empty for the server.
    /// As the database has it.
    [[nodiscard]] std::string text() const;
};

/// Reads "", "server", "domain:D" or "account:L". Error: setting.bad_scope.
[[nodiscard]] Result<SettingScope> parse_scope(std::string_view text);

}  // namespace bulla::directory
