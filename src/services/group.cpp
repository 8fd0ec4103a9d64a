#include "directory/pattern.h"
#include "services/change.h"
#include "services/json_time.h"
#include "services/lookup.h"
#include "services/signer_warning.h"
#include "services/table.h"
#include "store/migrations.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::services {
namespace {

// ARC-08: "an unknown id is refused at save"; ARC-04: so is a signer while the table of its signatures is missing.
Result<void> check_signer(ServiceContext& context, const std::string& id) {
    if (id.empty()) {
        return {};
    }
    {
        BULLA_TRY(connection, context.database.lease());
        BULLA_TRY(table, store::has_table(*connection, "message_signature"));
        if (!table) {
            return refuse(
                "archival_signer",
                "group.no_signature_table",
                "the table message_signature is missing, so nothing can be signed: `bulla "
                "database create-message-signature` adds it");
        }
    }
    BULLA_TRY(
        state,
        count_rows(context,
                   "select case when retired = 0 then 1 else 2 end from signer where id = :key",
                   id));
    if (state != 1) {
        return refuse("archival_signer",
                      "group.unknown_signer",
                      fmt::format("{} {}: see `bulla signer list`",
                                  state == 0 ? "there is no signer" : "retired is the signer",
                                  id));
    }
    const auto snapshot = context.snapshots.current();
    if (!snapshot->signers.contains(id)) {
        const auto why = std::ranges::find_if(snapshot->problems, [&](const std::string& problem) {
            return problem.starts_with("the signer " + id + " ");
        });
        return refuse("archival_signer",
                      "group.signer_cannot_sign",
                      why != snapshot->problems.end() ? *why : "the signer " + id + " cannot sign");
    }
    return {};
}

/// The group of the call's "name". Error: group.missing.
Result<std::string> find_group(ServiceContext& context, Arguments& in) {
    BULLA_TRY(text, in.text("name", 64));
    BULLA_TRY(name, in_field("name", parse_id(text, "group.bad_name")));
    BULLA_TRY(exists, has_row(context, "select 1 from archive_group where name = :key", name));
    if (!exists) {
        return fail("group.missing", Fault::sender, "there is no group " + name);
    }
    return name;
}

Result<std::vector<std::string>> parse_patterns(const std::vector<std::string>& texts) {
    std::vector<std::string> out;
    for (const std::string& text : texts) {
        BULLA_TRY(pattern, directory::parse_pattern(text));
        out.push_back(pattern);
    }
    return out;
}

Result<void> insert_pattern(store::Tx& tx, const std::string& group, const std::string& pattern) {
    BULLA_CHECK(
        tx.run("delete from archive_group_member where group_name = :name and pattern = :pattern",
               {group, pattern}));
    return tx.run("insert into archive_group_member (group_name, pattern) values (:name, :pattern)",
                  {group, pattern});
}

/// Puts "warning" into `out` where what `signer` signs cannot be checked here.
void add_warning(json& out,
                 const directory::Snapshot& snapshot,
                 const Result<archive::PublicKeys>& keys,
                 const std::string& signer) {
    if (std::string warning = warn_of_signer(snapshot, keys, signer); !warning.empty()) {
        out["warning"] = std::move(warning);
    }
}

void add_warning(json& out, ServiceContext& context, const std::string& signer) {
    const auto snapshot = context.snapshots.current();
    add_warning(out, *snapshot, load_check_keys(*snapshot), signer);
}

}  // namespace

// {"name", "archiving"?, "archival_signer"?, "members"?} → {"name", "archiving", "archival_signer", "members", "warning"?}
// Errors: group.bad_name, group.exists, group.unknown_signer, group.no_signature_table, pattern.bad.
Result<json> add_group(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(text, in.text("name", 64));
    BULLA_TRY(archiving, in.flag_or("archiving", true));
    BULLA_TRY(signer, in.text_or("archival_signer", "", 64));
    BULLA_TRY(member_texts, in.texts_or("members", {}));
    BULLA_CHECK(in.finish());
    BULLA_TRY(name, in_field("name", parse_id(text, "group.bad_name")));
    BULLA_TRY(exists, has_row(context, "select 1 from archive_group where name = :key", name));
    if (exists) {
        return refuse("name", "group.exists", "the group " + name + " is there already");
    }
    BULLA_CHECK(check_signer(context, signer));
    BULLA_TRY(members, in_field("members", parse_patterns(member_texts)));
    const auto rows = [name = name,
                       archiving = archiving,
                       signer = signer,
                       members = members,
                       now = to_micros(context.clock.now())](
                          store::Tx& tx, const seal::Committed&) -> Result<void> {
        BULLA_CHECK(
            tx.run("insert into archive_group (name, archiving, archival_signer, created) values "
                   "(:name, :archiving, :signer, :created)",
                   {name, archiving ? 1 : 0, signer, now}));
        for (const std::string& member : members) {
            BULLA_CHECK(insert_pattern(tx, name, member));
        }
        return {};
    };
    json out = {{"name", name},
                {"archiving", archiving},
                {"archival_signer", signer},
                {"members", members}};
    BULLA_CHECK(commit_change(
        context, caller, {.action = "group.add", .target = name, .detail = out, .rows = rows}));
    add_warning(out, context, signer);
    return out;
}

// {"name", "archiving"?, "archival_signer"?} → {"name", "warning"?}; "" as archival_signer: none. Errors as add_group, group.missing.
Result<json> set_group(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(name, find_group(context, in));
    const bool sets_archiving = in.has("archiving");
    const bool sets_signer = in.has("archival_signer");
    BULLA_TRY(archiving, in.flag_or("archiving", true));
    BULLA_TRY(signer, in.text_or("archival_signer", "", 64));
    BULLA_CHECK(in.finish());
    if (!sets_archiving && !sets_signer) {
        return fail("service.bad_argument",
                    Fault::sender,
                    "nothing is to be set: give archiving or archival_signer");
    }
    BULLA_CHECK(check_signer(context, signer));
    const auto rows = [=, name = name, archiving = archiving, signer = signer](
                          store::Tx& tx, const seal::Committed&) -> Result<void> {
        if (sets_archiving) {
            BULLA_CHECK(tx.run("update archive_group set archiving = :archiving where name = :name",
                               {archiving ? 1 : 0, name}));
        }
        return sets_signer
                   ? tx.run("update archive_group set archival_signer = :signer where name = :name",
                            {signer, name})
                   : Result<void>();
    };
    json detail = json::object();
    if (sets_archiving) {
        detail["archiving"] = archiving;
    }
    if (sets_signer) {
        detail["archival_signer"] = signer;
    }
    BULLA_CHECK(commit_change(
        context,
        caller,
        {.action = "group.set", .target = name, .detail = std::move(detail), .rows = rows}));
    json out = {{"name", name}};
    add_warning(out, context, signer);
    return out;
}

// {"name"} → {"name"}: what is archived stays. Error: group.missing.
Result<json> remove_group(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(name, find_group(context, in));
    BULLA_CHECK(in.finish());
    const auto rows = [name = name](store::Tx& tx, const seal::Committed&) -> Result<void> {
        BULLA_CHECK(tx.run("delete from archive_group_member where group_name = :name", {name}));
        return tx.run("delete from archive_group where name = :name", {name});
    };
    BULLA_CHECK(
        commit_change(context, caller, {.action = "group.remove", .target = name, .rows = rows}));
    return json{{"name", name}};
}

// {} → [{"name", "archiving", "archival_signer", "members", "created", "warning"?}]
Result<json> list_groups(ServiceContext& context, const Caller&, const json& arguments) {
    BULLA_CHECK(Arguments(arguments).finish());
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(
        rows,
        (connection->query<std::string, std::int64_t, std::string, std::int64_t>(
            "select name, archiving, archival_signer, created from archive_group order by name")));
    const auto snapshot = context.snapshots.current();
    const auto keys = load_check_keys(*snapshot);
    json out = json::array();
    for (const auto& [name, archiving, signer, created] : rows) {
        BULLA_TRY(members,
                  connection->query<std::string>("select pattern from archive_group_member where "
                                                 "group_name = :name order by pattern",
                                                 {name}));
        json patterns = json::array();
        for (const auto& [pattern] : members) {
            patterns.push_back(pattern);
        }
        out.push_back({{"name", name},
                       {"archiving", archiving != 0},
                       {"archival_signer", signer},
                       {"members", patterns},
                       {"created", json_time(created)}});
        add_warning(out.back(), *snapshot, keys, signer);
    }
    return out;
}

// {"name", "pattern"} → {"name", "pattern"}. Errors: group.missing, pattern.bad.
Result<json> add_group_member(ServiceContext& context,
                              const Caller& caller,
                              const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(name, find_group(context, in));
    BULLA_TRY(text, in.text("pattern", 512));
    BULLA_CHECK(in.finish());
    BULLA_TRY(pattern, in_field("pattern", directory::parse_pattern(text)));
    const auto rows = [name = name, pattern = pattern](store::Tx& tx, const seal::Committed&) {
        return insert_pattern(tx, name, pattern);
    };
    BULLA_CHECK(commit_change(context,
                              caller,
                              {.action = "group.member.add",
                               .target = name,
                               .detail = {{"pattern", pattern}},
                               .rows = rows}));
    return json{{"name", name}, {"pattern", pattern}};
}

// {"name", "pattern"} → {"name", "pattern"}. Errors: group.missing, group.no_member, pattern.bad.
Result<json> remove_group_member(ServiceContext& context,
                                 const Caller& caller,
                                 const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(name, find_group(context, in));
    BULLA_TRY(text, in.text("pattern", 512));
    BULLA_CHECK(in.finish());
    BULLA_TRY(pattern, in_field("pattern", directory::parse_pattern(text)));
    const auto rows = [name = name, pattern = pattern](store::Tx& tx,
                                                       const seal::Committed&) -> Result<void> {
        BULLA_TRY(
            count,
            tx.run_counted(
                "delete from archive_group_member where group_name = :name and pattern = :pattern",
                {name, pattern}));
        if (count == 0) {
            return fail("group.no_member",
                        Fault::sender,
                        "the group " + name + " has no pattern " + pattern);
        }
        return {};
    };
    BULLA_CHECK(commit_change(context,
                              caller,
                              {.action = "group.member.remove",
                               .target = name,
                               .detail = {{"pattern", pattern}},
                               .rows = rows}));
    return json{{"name", name}, {"pattern", pattern}};
}

}  // namespace bulla::services
