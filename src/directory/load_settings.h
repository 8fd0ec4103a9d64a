#pragma once
#include "base/error.h"
#include "directory/settings.h"
#include "directory/snapshot.h"
#include "store/connection.h"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bulla::directory {

/// The values that are set: by scope (SettingScope::text()), then by name; each in the form of parse_setting().
using SettingValues = std::map<std::string, std::map<std::string, std::string>>;

/// Reads the table `setting`. Values that cannot be read are left out, with a sentence in `problems`. Errors: those of store.
[[nodiscard]] Result<SettingValues> load_setting_values(store::Connection& connection,
                                                        std::vector<std::string>& problems);

/// What is in force, and where it comes from.
struct EffectiveSetting {
    std::string value;
    std::optional<std::string> scope{};  ///< As SettingScope::text(); none: it is the default.
    std::string why{};                   ///< What a default depends on, in a sentence; else empty.
};

/// The value of `setting` that holds in the first of `scopes` that sets it, else its default. The default of
/// signature_verification_enabled follows signature_public_key_path (ARC-09).
[[nodiscard]] EffectiveSetting effective_setting(const SettingValues& values,
                                                 const SettingInfo& setting,
                                                 std::span<const std::string> scopes);

/// The settings of the server (`domain` empty) or of a domain.
[[nodiscard]] Settings make_settings(const SettingValues& values, const std::string& domain);

/// The value of send_as for an account.
[[nodiscard]] SendAs make_send_as(const SettingValues& values,
                                  const std::string& login,
                                  const DomainName& domain);

}  // namespace bulla::directory
