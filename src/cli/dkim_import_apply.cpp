#include "cli/call.h"
#include "cli/dkim_import.h"
#include "dkim/key_record.h"
#include "services/call.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

namespace bulla::cli {

namespace {

using importers::ImportPlan;
using importers::PlannedKey;
using nlohmann::json;
using services::CallSession;

/// The keys of the instance: the value of each one's record.
using Records = std::map<std::pair<std::string, std::string>, std::string>;

Result<Records> load_records(CallSession& session) {
    BULLA_TRY(keys, session.call("dkim.list", json::object()));
    Records out;
    for (const auto& key : keys) {
        out[{show(key, "domain"), show(key, "selector")}] = show(key["record"], "value");
    }
    return out;
}

// Whether the instance has this very key; another one by its name is an error.
Result<bool> is_there(const Records& records, const PlannedKey& key) {
    const auto found = records.find({key.domain.ascii(), key.selector.text()});
    if (found == records.end()) {
        return false;
    }
    BULLA_TRY(record, dkim::write_key_record(key.key->public_key()));
    if (found->second == record) {
        return true;
    }
    return fail("import.conflict",
                Fault::sender,
                fmt::format("{} has another key with the selector {} here: nothing was changed. "
                            "`bulla dkim remove {} {}` it if the one in {} is to take its place",
                            key.domain.ascii(),
                            key.selector.text(),
                            key.domain.ascii(),
                            key.selector.text(),
                            key.file));
}

Result<void> add_domains(CallSession& session, const ImportPlan& plan, Done& done) {
    BULLA_TRY(domains, session.call("domain.list", json::object()));
    std::set<std::string> served;
    for (const auto& domain : domains) {
        served.insert(show(domain, "name"));
    }
    for (const auto& domain : plan.domains) {
        if (!served.contains(domain.ascii())) {
            BULLA_CHECK(session.call("domain.add", {{"name", domain.ascii()}}));
            done.push_back("the domain " + domain.ascii() + " was added");
        }
    }
    return {};
}

Result<void> add_key(CallSession& session, const PlannedKey& key, Done& done) {
    json arguments = {{"domain", key.domain.ascii()},
                      {"selector", key.selector.text()},
                      {"private_key", key.key->pem().view()}};
    // One that is to sign does so unless the domain has another that signs already: then it waits for whoever runs this.
    if (!key.active) {
        arguments["active"] = false;
    }
    BULLA_TRY(made, session.call("dkim.add", arguments));
    done.push_back(fmt::format("the key {} of {} was added and {}",
                               key.selector.text(),
                               key.domain.ascii(),
                               made.value("active", false)
                                   ? "signs"
                                   : "waits, since another signs (bulla dkim activate)"));
    return {};
}

Result<void> set_one(CallSession& session, const importers::PlannedSetting& setting, Done& done) {
    const std::string scope = setting.domain ? "domain:" + setting.domain->ascii() : "";
    BULLA_TRY(now, session.call("settings.get", {{"name", setting.name}, {"scope", scope}}));
    if (now["value"] == setting.value) {
        return {};
    }
    BULLA_CHECK(session.call("settings.set",
                             {{"name", setting.name}, {"value", setting.value}, {"scope", scope}}));
    done.push_back(fmt::format("{}{} is now {}",
                               setting.name,
                               setting.domain ? " of " + setting.domain->ascii() : "",
                               setting.value));
    return {};
}

Result<void> trust(CallSession& session, const ImportPlan& plan, Done& done) {
    BULLA_TRY(now, session.call("settings.get", {{"name", "trusted_networks"}}));
    std::string value = show(now, "effective");
    std::vector<Cidr> there;
    for (std::size_t at = 0; at < value.size();) {
        const std::size_t end = std::min(value.find(", ", at), value.size());
        if (const auto network = Cidr::parse(value.substr(at, end - at))) {
            there.push_back(*network);
        }
        at = end + 2;
    }
    std::string added;
    for (const auto& network : plan.trusted) {
        const auto ip = Ip::parse(network.text());
        const bool known = std::ranges::any_of(
            there, [&](const Cidr& one) { return one == network || (ip && one.contains(*ip)); });
        if (!known) {
            value += (value.empty() ? "" : ", ") + network.text();
            added += " " + network.text();
        }
    }
    if (added.empty()) {
        return {};
    }
    BULLA_CHECK(session.call("settings.set", {{"name", "trusted_networks"}, {"value", value}}));
    done.push_back("trusted_networks has in addition" + added);
    return {};
}

}  // namespace

Result<void> apply_plan(const Context& context, const ImportPlan& plan, Done& done) {
    BULLA_TRY(config, load_instance_config(context));
    BULLA_TRY(session,
              CallSession::open(
                  config, {.prompt = true, .clock = context.clock, .random = context.random}));
    BULLA_TRY(records, load_records(*session));
    std::vector<const PlannedKey*> missing;
    for (const auto& key : plan.keys) {
        BULLA_TRY(there, is_there(records, key));
        if (!there) {
            missing.push_back(&key);
        }
    }
    BULLA_CHECK(add_domains(*session, plan, done));
    // The settings first: no message is to be signed with a new key in the old way.
    for (const auto& setting : plan.settings) {
        BULLA_CHECK(set_one(*session, setting, done));
    }
    for (const PlannedKey* key : missing) {
        BULLA_CHECK(add_key(*session, *key, done));
    }
    return trust(*session, plan, done);
}

}  // namespace bulla::cli
