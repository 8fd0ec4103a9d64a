#include "archive/public_keys.h"
#include "base/file.h"
#include "directory/load_settings.h"
#include "directory/settings.h"
#include "policy/dkimdomains.h"
#include "services/access.h"
#include "services/account.h"
#include "services/change.h"
#include "services/lookup.h"
#include "services/table.h"

#include <fmt/format.h>

namespace bulla::services {
namespace {

using directory::SettingInfo;
using directory::SettingLevel;
using directory::SettingScope;

constexpr std::string_view level_words[] = {"server", "domain", "account"};

Result<const SettingInfo*> find(const std::string& name) {
    const SettingInfo* setting = directory::find_setting(name);
    if (setting == nullptr) {
        return fail("setting.unknown",
                    Fault::sender,
                    "there is no setting " + name + ": see `bulla settings list`");
    }
    return setting;
}

/// The scope of a call, which must exist.
Result<SettingScope> read_scope(ServiceContext& context, Arguments& in) {
    BULLA_TRY(text, in.text_or("scope", "", 320));
    BULLA_TRY(scope, in_field("scope", directory::parse_scope(text)));
    if (scope.level == SettingLevel::account) {
        BULLA_TRY(login, in_field("scope", parse_login(scope.name)));
        scope.name = login;
    }
    const auto exists = scope.level == SettingLevel::server   ? Result<bool>(true)
                        : scope.level == SettingLevel::domain ? has_domain(context, scope.name)
                                                              : has_account(context, scope.name);
    if (!exists) {
        return std::unexpected(exists.error());
    }
    if (!*exists) {
        return refuse(
            "scope",
            "setting.bad_scope",
            fmt::format(
                "there is no {} {}", level_words[static_cast<int>(scope.level)], scope.name));
    }
    return scope;
}

/// What is wrong with the keys at signature_public_key_path; "" if nothing is.
std::string problem_of(const SettingInfo& setting, const std::string& value) {
    if (setting.name != "signature_public_key_path" || value.empty()) {
        return {};
    }
    const auto keys = archive::PublicKeys::load(value);
    return keys ? std::string()
                : keys.error().text + "; no signature counts as verified until that is mended";
}

/// A policy with an error would put off all outgoing mail.
Result<void> check_policy(const SettingInfo& setting, const std::string& value) {
    if (setting.name != "dkim_policy_file" || value.empty()) {
        return {};
    }
    BULLA_TRY(text,
              load_secret_file(value, policy::PolicyLimits{}.most_octets, FileAccess::anybody));
    const auto read = policy::read_dkimdomains(text.view(), value);
    return read ? Result<void>() : fail("setting.bad", Fault::sender, read.error().text);
}

/// They make the server connect and read a file: not for who administers a domain alone.
Result<void> check_rights(const Caller& caller, const SettingInfo& setting) {
    if (setting.name.starts_with("dkim_update_") && caller.principal != nullptr &&
        caller.principal->role != directory::AccountRole::admin) {
        return fail("access.denied",
                    Fault::sender,
                    "only an administrator of the server may say where records are published");
    }
    return {};
}

Result<std::vector<std::string>> wider_scopes(ServiceContext& context, const SettingScope& scope) {
    std::vector<std::string> out{scope.text()};
    if (scope.level == SettingLevel::account) {
        if (const auto account = context.snapshots.current()->find_account(scope.name)) {
            out.push_back("domain:" + account->address.domain().ascii());
        }
    }
    if (scope.level != SettingLevel::server) {
        out.emplace_back();
    }
    return out;
}

std::string_view type_word(const SettingInfo& setting) {
    using enum directory::SettingType;
    switch (setting.type) {
        case choice:
            return "choice";
        case flag:
            return "flag";
        case whole:
            return "number";
        case size:
            return "size";
        case time:
            return "time";
        case networks:
            return "networks";
        case path:
            return "path";
        case fields:
            return "fields";
        case server:
            return "server";
        case domain:
            return "domain";
    }
    return "";
}

std::string_view unit_of(const SettingInfo& setting) {
    using enum directory::SettingType;
    return setting.type == size ? "octets" : setting.type == time ? "seconds" : "";
}

/// What a form needs to know of the values that are allowed.
void describe_type(const SettingInfo& setting, json& out) {
    out["type"] = type_word(setting);
    out["unit"] = unit_of(setting);
    out["allowed"] = directory::describe_setting(setting);
    if (setting.type == directory::SettingType::choice) {
        json choices = json::array();
        std::string_view words = setting.words;
        while (!words.empty()) {
            const std::size_t bar = words.find(" | ");
            choices.push_back(words.substr(0, bar));
            words = bar == std::string_view::npos ? std::string_view() : words.substr(bar + 3);
        }
        out["choices"] = std::move(choices);
    }
    if (setting.most != 0) {
        out["least"] = setting.least;
        out["most"] = setting.most;
    }
}

std::string_view source_word(const std::optional<std::string>& scope) {
    if (!scope) {
        return "default";
    }
    return scope->empty() ? "server" : scope->starts_with("domain:") ? "domain" : "account";
}

/// `scopes`: the one asked for, then the wider ones.
json describe(const SettingInfo& setting,
              const directory::SettingValues& values,
              const std::vector<std::string>& scopes) {
    const auto effective = directory::effective_setting(values, setting, scopes);
    json out = {{"name", setting.name},
                {"description", setting.help},
                {"level", level_words[static_cast<int>(setting.level)]},
                {"default", setting.value},
                {"value", nullptr},
                {"effective", effective.value},
                {"source", source_word(effective.scope)},
                {"source_scope",
                 !effective.scope           ? ""
                 : effective.scope->empty() ? "server"
                                            : *effective.scope}};
    describe_type(setting, out);
    if (effective.scope == scopes.front()) {
        out["value"] = effective.value;
    }
    if (!effective.why.empty()) {
        out["why"] = effective.why;
    }
    if (const std::string problem = problem_of(setting, effective.value); !problem.empty()) {
        out["problem"] = problem;
    }
    return out;
}

/// A setting as it is now, for who looks at it or has just changed it.
Result<json> describe_now(ServiceContext& context,
                          const SettingInfo& setting,
                          const SettingScope& scope) {
    BULLA_TRY(scopes, wider_scopes(context, scope));
    BULLA_TRY(connection, context.database.lease());
    std::vector<std::string> problems;
    BULLA_TRY(values, directory::load_setting_values(*connection, problems));
    return describe(setting, values, scopes);
}

Result<void> store_setting(ServiceContext& context,
                           const Caller& caller,
                           const SettingScope& scope,
                           const SettingInfo& setting,
                           const std::string* value) {
    const std::string name(setting.name);
    const auto rows = [scope = scope.text(),
                       name,
                       value = value == nullptr ? std::string() : *value,
                       set = value != nullptr](store::Tx& tx,
                                               const seal::Committed&) -> Result<void> {
        BULLA_CHECK(
            tx.run("delete from setting where scope = :scope and name = :name", {scope, name}));
        return set ? tx.run(
                         "insert into setting (scope, name, value) values (:scope, :name, :value)",
                         {scope, name, value})
                   : Result<void>();
    };
    json detail = {{"scope", scope.level == SettingLevel::server ? "server" : scope.text()}};
    if (value != nullptr) {
        detail["value"] = value->substr(0, 1000);
    }
    return commit_change(context,
                         caller,
                         {.action = value == nullptr ? "settings.reset" : "settings.set",
                          .target = name,
                          .detail = std::move(detail),
                          .rows = rows});
}

}  // namespace

// {"name", "scope"?} → {"name", "description", "level", "type", "unit", "allowed", "choices"?, "least"?, "most"?, "default", "value" (set in
// this very scope, or null), "effective" (in force here), "source" (default, server, domain or account), "source_scope", "why"?, "problem"?}.
// Errors: setting.unknown, setting.bad_scope.
Result<json> get_setting(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(name, in.text("name", 64));
    BULLA_TRY(scope, read_scope(context, in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(setting, find(name));
    return describe_now(context, *setting, scope);
}

// {"scope"?} → the settings that have a meaning there, each as get_setting gives it.
Result<json> list_setting_values(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(scope, read_scope(context, in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(scopes, wider_scopes(context, scope));
    BULLA_TRY(connection, context.database.lease());
    std::vector<std::string> problems;
    BULLA_TRY(values, directory::load_setting_values(*connection, problems));
    json out = json::array();
    for (const SettingInfo& setting : directory::list_settings()) {
        if (setting.level >= scope.level) {
            out.push_back(describe(setting, values, scopes));
        }
    }
    return out;
}

// {"name", "value", "scope"?} → as get_setting. Errors: setting.unknown, setting.bad, setting.bad_scope, setting.too_narrow.
Result<json> set_setting(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(name, in.text("name", 64));
    BULLA_TRY(given, in.text("value", 65536));
    BULLA_TRY(scope, read_scope(context, in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(setting, find(name));
    if (scope.level > setting->level) {
        return refuse("scope",
                      "setting.too_narrow",
                      fmt::format("{} can be set for the {} only",
                                  name,
                                  level_words[static_cast<int>(setting->level)]));
    }
    BULLA_CHECK(check_rights(caller, *setting));
    BULLA_TRY(value, in_field("value", directory::parse_setting(*setting, given)));
    BULLA_CHECK(in_field("value", check_policy(*setting, value)));
    BULLA_CHECK(store_setting(context, caller, scope, *setting, &value));
    return describe_now(context, *setting, scope);
}

// {"name", "scope"?} → as get_setting. Errors: setting.unknown, setting.bad_scope.
Result<json> reset_setting(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(name, in.text("name", 64));
    BULLA_TRY(scope, read_scope(context, in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(setting, find(name));
    BULLA_CHECK(check_rights(caller, *setting));
    BULLA_CHECK(store_setting(context, caller, scope, *setting, nullptr));
    return describe_now(context, *setting, scope);
}

}  // namespace bulla::services
