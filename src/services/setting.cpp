#include "archive/public_keys.h"
#include "directory/load_settings.h"
#include "directory/settings.h"
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
    BULLA_TRY(scope, directory::parse_scope(text));
    if (scope.level == SettingLevel::account) {
        BULLA_TRY(login, parse_login(scope.name));
        scope.name = login;
    }
    const auto exists = scope.level == SettingLevel::server   ? Result<bool>(true)
                        : scope.level == SettingLevel::domain ? has_domain(context, scope.name)
                                                              : has_account(context, scope.name);
    if (!exists) {
        return std::unexpected(exists.error());
    }
    if (!*exists) {
        return fail(
            "setting.bad_scope",
            Fault::sender,
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

json describe(const SettingInfo& setting,
              const directory::SettingValues& values,
              const std::vector<std::string>& scopes) {
    json out = {{"name", setting.name},
                {"default", setting.value},
                {"type", directory::describe_setting(setting)},
                {"level", level_words[static_cast<int>(setting.level)]},
                {"help", setting.help},
                {"value", setting.value},
                {"from", "default"}};
    for (const std::string& scope : scopes) {
        const auto level = values.find(scope);
        if (level != values.end() && level->second.contains(std::string(setting.name))) {
            out["value"] = level->second.at(std::string(setting.name));
            out["from"] = scope.empty() ? "server" : scope;
            break;
        }
    }
    const std::string& path = out["value"].get_ref<const std::string&>();
    if (const std::string problem = problem_of(setting, path); !problem.empty()) {
        out["problem"] = problem;
    }
    return out;
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

// {"name", "scope"?} → {"name", "value", "from", "default", "type", "level", "help", "problem"?}. Errors: setting.unknown, setting.bad_scope.
Result<json> get_setting(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(name, in.text("name", 64));
    BULLA_TRY(scope, read_scope(context, in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(setting, find(name));
    BULLA_TRY(scopes, wider_scopes(context, scope));
    BULLA_TRY(connection, context.database.lease());
    std::vector<std::string> problems;
    BULLA_TRY(values, directory::load_setting_values(*connection, problems));
    return describe(*setting, values, scopes);
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

// {"name", "value", "scope"?} → {"name", "value", "problem"?}. Errors: setting.unknown, setting.bad, setting.bad_scope, setting.too_narrow.
Result<json> set_setting(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(name, in.text("name", 64));
    BULLA_TRY(given, in.text("value", 65536));
    BULLA_TRY(scope, read_scope(context, in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(setting, find(name));
    if (scope.level > setting->level) {
        return fail("setting.too_narrow",
                    Fault::sender,
                    fmt::format("{} can be set for the {} only",
                                name,
                                level_words[static_cast<int>(setting->level)]));
    }
    BULLA_TRY(value, directory::parse_setting(*setting, given));
    BULLA_CHECK(store_setting(context, caller, scope, *setting, &value));
    json out = {{"name", name}, {"value", value}};
    if (const std::string problem = problem_of(*setting, value); !problem.empty()) {
        out["problem"] = problem;
    }
    return out;
}

// {"name", "scope"?} → {"name"}. Errors: setting.unknown, setting.bad_scope.
Result<json> reset_setting(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(name, in.text("name", 64));
    BULLA_TRY(scope, read_scope(context, in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(setting, find(name));
    BULLA_CHECK(store_setting(context, caller, scope, *setting, nullptr));
    return json{{"name", name}};
}

}  // namespace bulla::services
