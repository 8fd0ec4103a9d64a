#include "services/attention.h"

#include "base/plural.h"
#include "services/dkim_key.h"
#include "services/json_time.h"
#include "services/readable_names.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace bulla::services {
namespace {

using nlohmann::json;

struct Item {
    Time at;
    bool past = false;
    json value;
};

std::int64_t days_between(Time from, Time to) {
    return std::chrono::floor<std::chrono::days>(to - from).count();
}

std::string count_days(std::int64_t days) {
    return plural(days, "day", "days");
}

/// "ended 3 days ago", "ends in 5 days", "ends today".
std::string say_end(Time end, Time now) {
    const std::int64_t days = end > now ? days_between(now, end) : days_between(end, now);
    if (days == 0) {
        return end > now ? "ends today" : "has ended";
    }
    return end > now ? fmt::format("ends in {}", count_days(days))
                     : fmt::format("ended {} ago", count_days(days));
}

void add_certificates(std::vector<Item>& out, const json& live, const std::string& host, Time now) {
    for (const json& one : live.value("certificates", json::array())) {
        const auto end = parse_rfc3339(one.value("expires", ""));
        if (!end || *end > now + certificate_notice) {
            continue;
        }
        const std::string name = one.value("name", "");
        const bool console = name == "console";
        out.push_back(
            {.at = *end,
             .past = *end <= now,
             .value = {
                 {"kind", "certificate"},
                 {"subject", name},
                 {"text",
                  console
                      ? fmt::format("the certificate of the console {}: put a new one in its place "
                                    "and let it be read",
                                    say_end(*end, now))
                      : fmt::format("the certificate that {} signed itself {}: a reload makes a "
                                    "new one",
                                    host,
                                    say_end(*end, now))},
                 {"command", "bulla reload"}}});
    }
}

/// One a domain: its keys are rotated together.
void add_dkim_keys(std::vector<Item>& out, const std::vector<DkimKeyRow>& rows, Time now) {
    std::map<std::string, const DkimKeyRow*> waiting;
    std::map<std::string, const DkimKeyRow*> oldest;
    for (const DkimKeyRow& row : rows) {
        const bool active = row.stage == dkim::KeyStage::active;
        if (!active && !(row.stage == dkim::KeyStage::next && row.rotating)) {
            continue;
        }
        const auto*& place = (active ? oldest : waiting)[row.domain];
        if (place == nullptr || row.since < place->since) {
            place = &row;
        }
    }
    for (const auto& [domain, row] : oldest) {
        const Time due = from_micros(row->since) + dkim_key_age;
        if (due > now || waiting.contains(domain)) {
            continue;
        }
        out.push_back(
            {.at = due,
             .past = true,
             .value = {{"kind", "dkim_age"},
                       {"subject", row->selector},
                       {"domain", domain},
                       {"text",
                        fmt::format("the DKIM key {} of {} has signed for {}: rotate it",
                                    row->selector,
                                    domain,
                                    count_days(days_between(from_micros(row->since), now)))},
                       {"command", "bulla dkim rotate " + domain}}});
    }
    for (const auto& [domain, row] : waiting) {
        const Time since = from_micros(row->since);
        if (row->sight == "exact" || since + record_patience > now) {
            continue;
        }
        out.push_back(
            {.at = since,
             .past = true,
             .value = {{"kind", "dkim_record"},
                       {"subject", row->selector},
                       {"domain", domain},
                       {"text",
                        fmt::format("the new DKIM key {} of {} has waited for its record for {}: "
                                    "publish it, until then the old key signs",
                                    row->selector,
                                    domain,
                                    count_days(days_between(since, now)))},
                       {"command", "bulla dkim check " + domain}}});
    }
}

Result<void> add_signers(std::vector<Item>& out, store::Connection& connection, Time now) {
    BULLA_TRY(rows,
              (connection.query<std::string, std::int64_t>(
                  "select s.id, k.created from signer s join signer_key k on k.fingerprint = "
                  "s.fingerprint where s.retired = 0")));
    for (const auto& [id, created] : rows) {
        const Time due = from_micros(created) + signer_key_age;
        if (due > now) {
            continue;
        }
        out.push_back(
            {.at = due,
             .past = true,
             .value = {{"kind", "signer_age"},
                       {"subject", id},
                       {"text",
                        fmt::format("the key of the signer {} is more than three years old: give "
                                    "it a new one; what the old one signed stays good",
                                    id)},
                       {"command", "bulla signer rotate " + id}}});
    }
    return {};
}

Result<void> add_tokens(std::vector<Item>& out, store::Connection& connection, Time now) {
    BULLA_TRY(rows,
              (connection.query<std::string, std::string, std::int64_t>(
                  "select login, name, expires from api_token where expires > :from and expires < "
                  ":to order by expires",
                  {to_micros(now - token_memory), to_micros(now + token_notice)})));
    for (const auto& [login, name, expires] : rows) {
        const Time end = from_micros(expires);
        out.push_back(
            {.at = end,
             .past = end <= now,
             .value = {{"kind", "token"},
                       {"subject", name},
                       {"login", login},
                       {"text",
                        fmt::format("the API token {} of {} {}: make another for whatever "
                                    "uses it",
                                    name,
                                    login,
                                    say_end(end, now))},
                       {"command", "bulla token list"}}});
    }
    return {};
}

}  // namespace

Result<json> list_attention(ServiceContext& context, const json& live) {
    const Time now = context.clock.now();
    std::vector<Item> items;
    add_certificates(items, live, context.snapshots.current()->config.hostname, now);
    BULLA_TRY(keys, load_dkim_rows(context, ""));
    add_dkim_keys(items, keys, now);
    {
        BULLA_TRY(connection, context.database.lease());
        BULLA_CHECK(add_signers(items, *connection, now));
        BULLA_CHECK(add_tokens(items, *connection, now));
    }
    std::ranges::sort(items, [](const Item& a, const Item& b) {
        return std::tuple(
                   !a.past, a.at, std::string_view(a.value["text"].get_ref<const std::string&>())) <
               std::tuple(
                   !b.past, b.at, std::string_view(b.value["text"].get_ref<const std::string&>()));
    });
    json out = json::array();
    for (Item& item : items) {
        if (out.size() == most_attention) {
            break;
        }
        item.value["at"] = json_time(item.at);
        item.value["past"] = item.past;
        add_names(item.value, {"domain", "login"});
        out.push_back(std::move(item.value));
    }
    return out;
}

}  // namespace bulla::services
