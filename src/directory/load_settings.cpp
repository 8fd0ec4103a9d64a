#include "directory/load_settings.h"

#include "config/values.h"
#include "dkim/signed_fields.h"

#include <algorithm>

namespace bulla::directory {
namespace {

constexpr std::size_t max_rows = 100000;

std::vector<Cidr> read_networks(std::string_view text) {
    std::vector<Cidr> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(", "), text.size());
        if (const auto network = Cidr::parse(text.substr(0, end))) {
            out.push_back(*network);
        }
        text.remove_prefix(std::min(end + 2, text.size()));
    }
    return out;
}

}  // namespace

Result<SettingValues> load_setting_values(store::Connection& connection,
                                          std::vector<std::string>& problems) {
    SettingValues values;
    std::size_t count = 0;
    const auto take = [&](std::tuple<std::string, std::string, std::string>&& row) {
        const auto& [scope, name, value] = row;
        const SettingInfo* setting = find_setting(name);
        const auto parsed = setting == nullptr
                                ? Result<std::string>(fail("setting.unknown", Fault::us, "unknown"))
                                : parse_setting(*setting, value);
        if (parsed) {
            values[scope][name] = *parsed;
        } else {
            problems.push_back("the setting " + name + (scope.empty() ? "" : " of " + scope) +
                               " has a value that cannot be used; its default holds");
        }
        return ++count < max_rows;
    };
    BULLA_CHECK((connection.visit<std::string, std::string, std::string>(
        "select scope, name, value from setting", {}, take)));
    return values;
}

EffectiveSetting effective_setting(const SettingValues& values,
                                   const SettingInfo& setting,
                                   std::span<const std::string> scopes) {
    const auto find = [&](const std::string& scope, std::string_view name) -> const std::string* {
        const auto level = values.find(scope);
        if (level == values.end()) {
            return nullptr;
        }
        const auto value = level->second.find(std::string(name));
        return value == level->second.end() ? nullptr : &value->second;
    };
    for (const std::string& scope : scopes) {
        if (const std::string* value = find(scope, setting.name)) {
            return {.value = *value, .scope = scope};
        }
    }
    // ARC-09: off until a public key is set, unless the administrator says otherwise.
    if (setting.name == "signature_verification_enabled") {
        const std::string* path = find("", "signature_public_key_path");
        const bool has_path = path != nullptr && !path->empty();
        return {.value = has_path ? "1" : "0",
                .why = has_path ? "signature_public_key_path is set"
                                : "signature_public_key_path is not set"};
    }
    return {.value = std::string(setting.value)};
}

Settings make_settings(const SettingValues& values, const std::string& domain) {
    const std::string scopes[] = {"domain:" + domain, ""};
    const auto value = [&](std::string_view name) {
        const std::span<const std::string> all(scopes);
        return effective_setting(values, *find_setting(name), domain.empty() ? all.subspan(1) : all)
            .value;
    };
    Settings out;
    out.trusted_networks = read_networks(value("trusted_networks"));
    out.signature_public_key_path = value("signature_public_key_path");
    out.signature_verification_enabled = value("signature_verification_enabled") == "1";
    out.seven_bit_always = value("seven_bit") == "always";
    out.repair_newlines = value("bare_newlines") == "repair";
    out.dkim_missing_key_refuse = value("dkim_missing_key") == "refuse";
    out.dkim_record_wrong_refuse = value("dkim_record_wrong") == "refuse";
    out.dkim_sign_relayed = value("dkim_sign_relayed") == "1";
    out.dkim_self_check_refuse = value("dkim_self_check") == "refuse";
    out.received_header = value("received_header") == "1";
    out.reverse_dns = value("reverse_dns") == "1";
    const std::string unknown = value("unknown_recipients");
    out.unknown_recipients = unknown == "refuse"   ? UnknownRecipients::refuse
                             : unknown == "accept" ? UnknownRecipients::accept
                                                   : UnknownRecipients::by_route;
    out.dkim_canonicalization = value("dkim_canonicalization");
    out.dkim_expiry_seconds = config::parse_duration(value("dkim_expiry")).value_or(0);
    out.dkim_signed_fields =
        dkim::make_signed_fields(value("dkim_signed_headers"), value("dkim_oversign_headers"));
    out.dkim_policy_file = value("dkim_policy_file");
    out.dkim_key_directory = value("dkim_key_directory");
    return out;
}

SendAs make_send_as(const SettingValues& values,
                    const std::string& login,
                    const DomainName& domain) {
    const std::string scopes[] = {"account:" + login, "domain:" + domain.ascii(), ""};
    const std::string word = effective_setting(values, *find_setting("send_as"), scopes).value;
    return word == "any" ? SendAs::any : word == "domain" ? SendAs::domain : SendAs::own;
}

}  // namespace bulla::directory
