#include "base/date.h"
#include "base/log.h"
#include "directory/load.h"
#include "dkim/key_record.h"
#include "dkim/keygen.h"
#include "names/domain.h"
#include "services/change.h"
#include "services/dkim_key.h"
#include "services/dkim_publication.h"
#include "services/dns_check.h"
#include "services/json_time.h"
#include "services/lookup.h"
#include "services/table.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

namespace bulla::services {
namespace {

using dkim::KeyStage;
using dkim::RecordSight;

constexpr std::string_view sight_word(RecordSight sight) {
    switch (sight) {
        case RecordSight::exact:
            return "exact";
        case RecordSight::absent:
            return "absent";
        case RecordSight::different:
            return "different";
        case RecordSight::unknown:
            break;
    }
    return "unknown";
}

RecordSight sight_of(const RecordCheck& check) {
    if (check.state == RecordState::missing) {
        return RecordSight::absent;
    }
    if (check.state != RecordState::match) {
        return check.state == RecordState::different ? RecordSight::different
                                                     : RecordSight::unknown;
    }
    // A verifier treats what such a key signed as if it were not signed.
    const auto record = dkim::parse_key_record(check.seen.front());
    return record && !record->testing ? RecordSight::exact : RecordSight::different;
}

bool is_destroyed(KeyStage stage) {
    return stage == KeyStage::retired || stage == KeyStage::revoked;
}

RecordSight parse_sight(std::string_view word) {
    for (const auto sight :
         {RecordSight::exact, RecordSight::absent, RecordSight::different, RecordSight::unknown}) {
        if (sight_word(sight) == word) {
            return sight;
        }
    }
    return RecordSight::unknown;
}

bool is_wrong(std::string_view sight) {
    return sight == sight_word(RecordSight::absent) || sight == sight_word(RecordSight::different);
}

/// Of what the daemon asks by itself every few minutes: keys that wait for their records, those that sign without one,
/// and once an hour the others that sign.
bool is_due(const DkimKeyRow& key, Time now) {
    using namespace std::chrono_literals;
    return key.stage == KeyStage::next || key.stage == KeyStage::seen ||
           (key.stage == KeyStage::active &&
            (is_wrong(key.sight) || now - from_micros(key.looked) >= 1h));
}

/// What the DNS said of a key.
struct Sight {
    RecordSight sight = RecordSight::unknown;
    bool asked = false;  ///< Just now; else it is what is known.
};

/// What the DNS says of each key, in the order of `keys`; what is destroyed is not asked for, nor, with `due_only`, what is not due.
Result<std::vector<Sight>> look(ServiceContext& context,
                                std::span<const DkimKeyRow> keys,
                                bool due_only) {
    std::vector<Sight> out(keys.size());
    std::vector<std::size_t> asked;
    std::vector<RecordCheck> checks;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        out[i].sight = parse_sight(keys[i].sight);
        if (is_destroyed(keys[i].stage) || (due_only && !is_due(keys[i], context.clock.now()))) {
            continue;
        }
        BULLA_TRY(record, dkim_record_of(keys[i]));
        checks.push_back({.what = "dkim",
                          .question = {dns::RecordType::txt, record["name"].get<std::string>()},
                          .expected = record["value"].get<std::string>()});
        asked.push_back(i);
    }
    if (checks.empty()) {
        return out;
    }
    BULLA_TRY(ask, dns_of(context));
    run_checks(checks, ask);
    for (std::size_t i = 0; i < asked.size(); ++i) {
        auto& known = out[asked[i]];
        known.asked = true;
        // No answer does not put a record right that was seen to be wrong.
        const auto now_seen = sight_of(checks[i]);
        if (now_seen != RecordSight::unknown || !is_wrong(keys[asked[i]].sight)) {
            known.sight = now_seen;
        }
    }
    return out;
}

/// A key before and after a look.
struct Move {
    DkimKeyRow before;
    dkim::KeyLife after;
    bool asked = false;

    [[nodiscard]] bool changes_stage() const {
        return before.stage != after.stage || before.rotating != after.rotating;
    }

    /// Mail is treated otherwise after it.
    [[nodiscard]] bool decides() const {
        return changes_stage() || (after.stage == KeyStage::active &&
                                   is_wrong(before.sight) != is_wrong(sight_word(after.sight)));
    }
};

std::vector<Move> decide_moves(ServiceContext& context,
                               std::span<const DkimKeyRow> rows,
                               std::span<const Sight> sights) {
    std::map<std::string, std::vector<std::size_t>> domains;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        domains[rows[i].domain].push_back(i);
    }
    std::vector<Move> out;
    for (const auto& [domain, members] : domains) {
        std::vector<dkim::KeyLife> lives;
        for (const std::size_t i : members) {
            lives.push_back({.selector = rows[i].selector,
                             .algorithm = rows[i].algorithm,
                             .stage = rows[i].stage,
                             .since = from_micros(rows[i].since),
                             .rotating = rows[i].rotating,
                             .sight = sights[i].sight});
        }
        const auto after =
            dkim::decide_stages(lives, context.clock.now(), dkim_grace(context, domain));
        for (std::size_t i = 0; i < members.size(); ++i) {
            const Move move{
                .before = rows[members[i]], .after = after[i], .asked = sights[members[i]].asked};
            if (move.asked || move.decides()) {
                out.push_back(move);
            }
        }
    }
    return out;
}

Result<void> write_move(store::Tx& tx, const Move& move, std::int64_t now) {
    const auto& before = move.before;
    const auto& after = move.after;
    if (after.stage == KeyStage::retired) {
        BULLA_CHECK(destroy_private_key(tx, before.domain, before.selector));
    }
    // seen is the first time of those in a row.
    const bool exact = after.sight == RecordSight::exact;
    return tx.run(
        "update dkim_key set stage = :stage, active = :active, since = :since, rotating "
        "= :rotating, seen = :seen, looked = :looked, sight = :sight where domain = "
        ":domain and selector = :selector",
        {dkim::to_string(after.stage),
         after.stage == KeyStage::active ? 1 : 0,
         to_micros(after.since),
         after.rotating ? 1 : 0,
         exact && before.seen == 0 ? now : before.seen,
         move.asked ? now : before.looked,
         sight_word(after.sight),
         before.domain,
         before.selector});
}

seal::Rider rows_of(std::vector<Move> moves, std::int64_t now) {
    return [moves = std::move(moves), now](store::Tx& tx, const seal::Committed&) -> Result<void> {
        for (const Move& move : moves) {
            BULLA_CHECK(write_move(tx, move, now));
        }
        return {};
    };
}

/// What a change of the keys of one domain says in the log.
json detail_of(const std::vector<Move>& moves) {
    json detail = json::object();
    for (const Move& move : moves) {
        if (move.changes_stage()) {
            detail[move.before.selector] = {dkim::to_string(move.before.stage),
                                            dkim::to_string(move.after.stage)};
        } else if (move.decides()) {
            detail[move.before.selector] = {{"record", sight_word(move.after.sight)}};
        }
    }
    return detail;
}

/// One commit for all that only was looked at; one for each domain whose keys go on.
Result<void> write_moves(ServiceContext& context, const Caller& caller, std::vector<Move> moves) {
    const auto now = to_micros(context.clock.now());
    std::map<std::string, std::vector<Move>> domains;
    std::vector<Move> looks;
    for (Move& move : moves) {
        (move.decides() ? domains[move.before.domain] : looks).push_back(std::move(move));
    }
    for (auto& [domain, changed] : domains) {
        json detail = detail_of(changed);
        const auto rows = rows_of(std::move(changed), now);
        BULLA_CHECK(commit_change(
            context,
            caller,
            {.action = "dkim.stage", .target = domain, .detail = std::move(detail), .rows = rows}));
    }
    if (looks.empty()) {
        return {};
    }
    const auto rows = rows_of(std::move(looks), now);
    return commit_rows(context, rows);
}

void warn(const std::vector<Move>& moves) {
    for (const Move& move : moves) {
        const auto word = sight_word(move.after.sight);
        if (move.asked && move.after.stage == KeyStage::active && is_wrong(word)) {
            log::warning("dkim.record_wrong",
                         {{"domain", move.before.domain},
                          {"selector", move.before.selector},
                          {"record", std::string(word)}});
        }
    }
}

/// What makes two readings of a key the same key in the same place.
bool is_same(const DkimKeyRow& one, const DkimKeyRow& other) {
    return one.domain == other.domain && one.selector == other.selector && one.pem == other.pem &&
           one.stage == other.stage && one.rotating == other.rotating;
}

}  // namespace

// {"domain"?, "due"?} → the keys as dkim.list has them. `due`: asks only for what waits, or signs and was not asked for within the hour. Errors:
// domain.missing, net.resolver, those of store.
Result<json> check_dkim_keys(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(domain, in.text_or("domain", "", 253));
    BULLA_TRY(due_only, in.flag_or("due", false));
    BULLA_CHECK(in.finish());
    if (!domain.empty()) {
        BULLA_TRY(local, has_domain(context, domain));
        if (!local) {
            return fail("domain.missing", Fault::sender, "there is no domain " + domain);
        }
    }
    {
        // Before the look: a resolver that is asked too early goes on saying that there is no record.
        BULLA_TRY(rows, load_dkim_rows(context, domain));
        BULLA_CHECK(tend_dkim_records(context, caller, rows));
    }
    BULLA_TRY(before, load_dkim_rows(context, domain));
    BULLA_TRY(sights, look(context, before, due_only));
    {
        const std::scoped_lock lock(context.changing);
        BULLA_TRY(rows, load_dkim_rows(context, domain));
        // What was changed while the DNS was asked waits for the next look: its answer may be to another question.
        if (std::ranges::equal(before, rows, is_same)) {
            auto moves = decide_moves(context, rows, sights);
            warn(moves);
            BULLA_CHECK(write_moves(context, caller, std::move(moves)));
        }
    }
    return list_dkim_keys(context, caller, json{{"domain", domain}});
}

namespace {

struct Made {
    std::string algorithm;
    std::shared_ptr<crypto::PrivateKey> key;
};

/// A key for each algorithm that signs now, as strong as the one it follows.
Result<std::vector<Made>> make_successors(std::span<const DkimKeyRow> rows) {
    std::vector<Made> out;
    for (const DkimKeyRow& row : rows) {
        if (row.stage != KeyStage::active) {
            continue;
        }
        if (!row.token.empty()) {
            return fail("dkim_rotation.in_token",
                        Fault::sender,
                        fmt::format("the key {} of {} lies in a token, where bulla makes no keys: "
                                    "make one there, `bulla dkim import {} SELECTOR URI`, publish "
                                    "its record, then `bulla dkim activate {} SELECTOR`",
                                    row.selector,
                                    row.domain,
                                    row.domain,
                                    row.domain));
        }
        BULLA_TRY(old, crypto::PublicKey::parse_pem(row.pem));
        const bool rsa = old.type() == crypto::KeyType::rsa;
        const auto bits = rsa ? std::clamp(static_cast<std::int64_t>(old.bits()),
                                           dkim::least_key_bits,
                                           dkim::most_key_bits)
                              : 0;
        BULLA_TRY(key, dkim::make_key(old.type(), bits));
        out.push_back({row.algorithm, std::move(key)});
    }
    return out;
}

/// "r20261127", with -2 and so on where that is taken.
std::string pick_selector(std::string_view algorithm, Time now, std::set<std::string>& taken) {
    std::string day = write_rfc3339(now).substr(0, 10);
    std::erase(day, '-');
    const std::string base = fmt::format("{}{}", algorithm.substr(0, 1), day);
    std::string name = base;
    for (int i = 2; !taken.insert(name).second; ++i) {
        name = fmt::format("{}-{}", base, i);
    }
    return name;
}

bool is_waiting(const DkimKeyRow& row) {
    return row.rotating && (row.stage == KeyStage::next || row.stage == KeyStage::seen);
}

bool has_signed(const DkimKeyRow& row) {
    return row.stage == KeyStage::active || row.stage == KeyStage::retiring;
}

/// The rows of a rotation.
struct Rotation {
    std::string domain;
    bool now = false;
    std::int64_t at = 0;
    std::vector<NewKey> made{};
    std::vector<std::string> promoted{};  ///< Selectors of an earlier rotation, now to sign.
    std::vector<std::string> revoked{};
};

Result<void> write_rotation(store::Tx& tx, const Rotation& rotation) {
    for (const auto& selector : rotation.revoked) {
        BULLA_CHECK(destroy_private_key(tx, rotation.domain, selector));
        BULLA_CHECK(
            tx.run("update dkim_key set stage = 'revoked', active = 0, rotating = 0, since "
                   "= :at, sight = 'unknown' where domain = :domain and selector = :selector",
                   {rotation.at, rotation.domain, selector}));
    }
    for (const auto& selector : rotation.promoted) {
        BULLA_CHECK(
            tx.run("update dkim_key set stage = 'active', active = 1, rotating = 0, since "
                   "= :at where domain = :domain and selector = :selector",
                   {rotation.at, rotation.domain, selector}));
    }
    for (const auto& key : rotation.made) {
        BULLA_CHECK(insert_dkim_key(tx, key));
    }
    return {};
}

Result<Rotation> plan_rotation(ServiceContext& context,
                               const Rotation& wanted,
                               std::span<const DkimKeyRow> rows,
                               const std::vector<Made>& made) {
    Rotation out = wanted;
    out.at = to_micros(context.clock.now());
    std::set<std::string> taken, replaced;
    for (const auto& row : rows) {
        taken.insert(row.selector);
        if (is_waiting(row)) {
            replaced.insert(row.algorithm);
            out.promoted.push_back(row.selector);
        } else if (wanted.now && has_signed(row)) {
            out.revoked.push_back(row.selector);
        }
    }
    if (!out.promoted.empty() && !wanted.now) {
        return fail("dkim_rotation.under_way",
                    Fault::sender,
                    "new keys of " + wanted.domain +
                        " wait for their records already: `bulla dkim check` looks for them");
    }
    for (const auto& [algorithm, key] : made) {
        if (replaced.contains(algorithm)) {
            continue;
        }
        const auto selector = pick_selector(algorithm, context.clock.now(), taken);
        out.made.push_back({.domain = wanted.domain,
                            .selector = selector,
                            .algorithm = algorithm,
                            .pem = key->public_key().pem(),
                            .sealed = context.vault.seal(
                                directory::vault_identity("dkim", wanted.domain + "/" + selector),
                                key->pem().view()),
                            .active = wanted.now,
                            .rotating = !wanted.now,
                            .now = out.at});
    }
    return out;
}

}  // namespace

// {"domain", "now"?} → the keys as dkim.list has them. Errors: domain.missing, dkim_rotation.no_key (nothing signs), dkim_rotation.under_way,
// dkim_rotation.in_token, dkim_rotation.changed (a key was changed meanwhile).
Result<json> rotate_dkim_keys(ServiceContext& context,
                              const Caller& caller,
                              const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(text, in.text("domain", 253));
    BULLA_TRY(now, in.flag_or("now", false));
    BULLA_CHECK(in.finish());
    BULLA_TRY(name, DomainName::parse(text));
    const std::string domain = name.ascii();
    BULLA_TRY(before, load_dkim_rows(context, domain));
    if (std::ranges::none_of(before,
                             [](const DkimKeyRow& row) { return row.stage == KeyStage::active; })) {
        return fail("dkim_rotation.no_key",
                    Fault::sender,
                    domain + " has no key that signs: `bulla dkim add` makes the first");
    }
    if (!now && std::ranges::any_of(before, is_waiting)) {
        BULLA_CHECK(plan_rotation(context, {.domain = domain}, before, {}));
    }
    // Making an RSA key takes a second: other changes do not wait for that.
    BULLA_TRY(made, make_successors(before));
    const std::scoped_lock lock(context.changing);
    BULLA_TRY(rows, load_dkim_rows(context, domain));
    if (!std::ranges::equal(before, rows, is_same)) {
        return fail("dkim_rotation.changed",
                    Fault::temporary,
                    "the keys of " + domain + " were changed meanwhile: try again");
    }
    BULLA_TRY(rotation, plan_rotation(context, {.domain = domain, .now = now}, rows, made));
    json selectors = json::array();
    std::ranges::transform(rotation.made, std::back_inserter(selectors), &NewKey::selector);
    BULLA_CHECK(
        commit_change(context,
                      caller,
                      {.action = "dkim.rotate",
                       .target = domain,
                       .detail = {{"now", now}, {"made", selectors}, {"revoked", rotation.revoked}},
                       .rows = [rotation](store::Tx& tx, const seal::Committed&) {
                           return write_rotation(tx, rotation);
                       }}));
    return list_dkim_keys(context, caller, json{{"domain", domain}});
}

}  // namespace bulla::services
