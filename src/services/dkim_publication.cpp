#include "services/dkim_publication.h"

#include "base/log.h"
#include "config/values.h"
#include "directory/load_settings.h"
#include "dnsupdate/tcp.h"
#include "dnsupdate/updater.h"
#include "names/domain.h"
#include "services/change.h"
#include "services/table.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace bulla::services {
namespace {

using dkim::KeyStage;
using dnsupdate::Outcome;

/// For all that is said to a name server about one key.
constexpr std::chrono::milliseconds patience{10000};

enum class Task { nothing, publish, withdraw };

std::string item_of(const DkimKeyRow& row) {
    return row.domain + "/" + row.selector;
}

bool is_destroyed(KeyStage stage) {
    return stage == KeyStage::retired || stage == KeyStage::revoked;
}

/// What a key needs. The sight of a destroyed key, which nobody looks for, tells what bulla last did: absent, its key is gone; exact, it is revoked.
Task decide_task(const DkimKeyRow& row, const Publisher& publisher) {
    switch (row.stage) {
        case KeyStage::next:
        case KeyStage::seen:
        case KeyStage::active:
        case KeyStage::revoked:
            return row.sight == "exact" ? Task::nothing : Task::publish;
        case KeyStage::retiring:
            return Task::nothing;
        case KeyStage::retired:
            return row.sight == "absent"       ? Task::nothing
                   : publisher.revokes_retired ? Task::publish
                                               : Task::withdraw;
    }
    return Task::nothing;
}

/// What bulla may have published for a key, the text to publish now first.
Result<std::vector<std::string>> texts_of(const DkimKeyRow& row) {
    DkimKeyRow alive = row;
    alive.stage = KeyStage::active;
    DkimKeyRow revoked = row;
    revoked.stage = KeyStage::revoked;
    BULLA_TRY(record, dkim_record_of(alive));
    BULLA_TRY(empty, dkim_record_of(revoked));
    std::vector<std::string> out{record["value"].get<std::string>(),
                                 empty["value"].get<std::string>()};
    if (is_destroyed(row.stage)) {
        std::ranges::reverse(out);
    }
    return out;
}

/// What was done, and where.
struct Done {
    Outcome outcome = Outcome::already;
    std::string zone;
};

Result<Done> carry_out(ServiceContext& context,
                       const Publisher& publisher,
                       const DkimKeyRow& row,
                       Task task) {
    if (publisher.key_file.empty()) {
        return fail("dkim_update.no_key",
                    Fault::us,
                    "dkim_update_key_file is not set: without a TSIG key nothing is published");
    }
    BULLA_TRY(texts, texts_of(row));
    BULLA_TRY(name, DomainName::parse(row.selector + "._domainkey." + row.domain));
    BULLA_TRY(key, dnsupdate::load_key(publisher.key_file));
    dnsupdate::Updater updater(
        dnsupdate::make_tcp_exchange(publisher.server, patience), std::move(key), context.random);
    // Not of the name itself, which may be an alias.
    BULLA_TRY(above, DomainName::parse("_domainkey." + row.domain));
    BULLA_TRY(
        zone,
        publisher.zone.empty() ? updater.find_zone(above) : DomainName::parse(publisher.zone));
    const dnsupdate::TextRecord record{
        .zone = zone, .name = name, .text = texts.front(), .ttl = publisher.ttl};
    const auto done = task == Task::publish ? updater.publish(record, std::span(texts).subspan(1))
                                            : updater.withdraw(record, texts);
    BULLA_TRY(outcome, done);
    return Done{.outcome = outcome, .zone = zone.ascii()};
}

/// A change of the DNS is in the log; what is known of a destroyed key is kept, so that it is done once.
Result<void> write_down(ServiceContext& context,
                        const Caller& caller,
                        const Publisher& publisher,
                        const DkimKeyRow& row,
                        Task task,
                        const Done& done) {
    seal::Rider rows;
    if (is_destroyed(row.stage)) {
        const bool revoked = row.stage == KeyStage::revoked && task == Task::publish;
        rows = [domain = row.domain,
                selector = row.selector,
                stage = std::string(dkim::to_string(row.stage)),
                sight = std::string(revoked ? "exact" : "absent"),
                now = to_micros(context.clock.now())](store::Tx& tx, const seal::Committed&) {
            return tx.run(
                "update dkim_key set sight = :sight, looked = :now where domain = :domain and "
                "selector = :selector and stage = :stage",
                {sight, now, domain, selector, stage});
        };
    }
    const std::scoped_lock lock(context.changing);
    if (done.outcome == Outcome::already) {
        return rows ? commit_rows(context, rows) : Result<void>();
    }
    return commit_change(context,
                         caller,
                         {.action = task == Task::publish ? "dkim.publish" : "dkim.withdraw",
                          .target = item_of(row),
                          .detail = {{"server", publisher.server.text()}, {"zone", done.zone}},
                          .rows = rows,
                          .deciding = false});
}

/// One run over several keys: a server that did not answer is not asked again.
class Run {
  public:
    Run(ServiceContext& context, const Caller& caller) : context_(context), caller_(caller) {}

    Result<Outcome> work(const Publisher& publisher, const DkimKeyRow& row, Task task) {
        auto done = ask(publisher, row, task);
        if (done) {
            BULLA_CHECK(write_down(context_, caller_, publisher, row, task, *done));
        }
        const std::string why = done ? std::string() : done.error().text;
        const bool news = context_.publications.note(item_of(row), why);
        if (!done) {
            if (news) {
                log::warning("dkim.record_not_published",
                             {{"domain", row.domain}, {"selector", row.selector}, {"reason", why}});
            }
            return std::unexpected(done.error());
        }
        if (done->outcome == Outcome::done) {
            log::info(task == Task::publish ? "dkim.record_published" : "dkim.record_withdrawn",
                      {{"domain", row.domain},
                       {"selector", row.selector},
                       {"server", publisher.server.text()}});
        }
        return done->outcome;
    }

  private:
    Result<Done> ask(const Publisher& publisher, const DkimKeyRow& row, Task task) {
        const auto server = publisher.server.text();
        if (const auto found = silent_.find(server); found != silent_.end()) {
            return std::unexpected(found->second);
        }
        auto done = carry_out(context_, publisher, row, task);
        if (!done && done.error().code == "dnsupdate.unreachable") {
            silent_.emplace(server, done.error());
        }
        return done;
    }

    ServiceContext& context_;
    const Caller& caller_;
    std::map<std::string, Error> silent_;
};

Result<json> work_on(ServiceContext& context,
                     const Caller& caller,
                     const Publisher& publisher,
                     std::span<const DkimKeyRow> rows,
                     Task task) {
    Run run(context, caller);
    json out = json::array();
    for (const DkimKeyRow& row : rows) {
        const auto outcome = run.work(publisher, row, task);
        const char* const done = task == Task::publish ? "published" : "withdrawn";
        out.push_back({{"domain", row.domain},
                       {"selector", row.selector},
                       {"name", row.selector + "._domainkey." + row.domain},
                       {"server", publisher.server.text()},
                       {"state",
                        !outcome                    ? "failed"
                        : *outcome == Outcome::done ? done
                                                    : "already"},
                       {"error", outcome ? json(nullptr) : json(outcome.error().text)}});
    }
    return out;
}

/// The domain's publisher, and its keys, or the one of `selector`.
struct Asked {
    Publisher publisher;
    std::vector<DkimKeyRow> rows;
};

Result<Asked> read_asked(ServiceContext& context,
                         const std::string& domain_text,
                         const std::string& selector) {
    BULLA_TRY(name, in_field("domain", DomainName::parse(domain_text)));
    const std::string& domain = name.ascii();
    BULLA_TRY(rows, load_dkim_rows(context, domain));
    if (!selector.empty()) {
        std::erase_if(rows, [&](const DkimKeyRow& row) { return row.selector != selector; });
        if (rows.empty()) {
            return fail("dkim_key.missing",
                        Fault::sender,
                        fmt::format("{} has no DKIM key with the selector {}", domain, selector));
        }
    }
    BULLA_TRY(publishers, load_publishers(context, std::vector{domain}));
    const auto found = publishers.find(domain);
    if (found == publishers.end()) {
        return fail(
            "dkim_update.not_set",
            Fault::sender,
            fmt::format("no name server is set at which records of {} are published: `bulla "
                        "settings set dkim_update_server ADDRESS --domain {}`",
                        domain,
                        domain));
    }
    return Asked{.publisher = found->second, .rows = std::move(rows)};
}

}  // namespace

Result<std::map<std::string, Publisher>> load_publishers(ServiceContext& context,
                                                         std::span<const std::string> domains) {
    std::map<std::string, Publisher> out;
    BULLA_TRY(connection, context.database.lease());
    std::vector<std::string> problems;
    BULLA_TRY(values, directory::load_setting_values(*connection, problems));
    for (const std::string& domain : domains) {
        const std::string scopes[] = {"domain:" + domain, ""};
        const auto value = [&](std::string_view name) {
            return directory::effective_setting(values, *directory::find_setting(name), scopes)
                .value;
        };
        const auto server = ServerAddress::parse(value("dkim_update_server"), directory::dns_port);
        if (server) {
            out[domain] = {.server = *server,
                           .key_file = value("dkim_update_key_file"),
                           .zone = value("dkim_update_zone"),
                           .ttl = std::chrono::seconds(
                               config::parse_duration(value("dkim_update_ttl")).value_or(3600)),
                           .revokes_retired = value("dkim_update_retired") == "revoke"};
        }
    }
    return out;
}

Result<std::map<std::string, Publisher>> load_publishers_of(ServiceContext& context,
                                                            std::span<const DkimKeyRow> rows) {
    std::set<std::string> domains;
    for (const DkimKeyRow& row : rows) {
        domains.insert(row.domain);
    }
    return load_publishers(context, std::vector(domains.begin(), domains.end()));
}

json publication_of(const ServiceContext& context,
                    const std::map<std::string, Publisher>& publishers,
                    const DkimKeyRow& row) {
    const auto found = publishers.find(row.domain);
    if (found == publishers.end()) {
        return nullptr;
    }
    const auto error = context.publications.error_of(item_of(row));
    return {{"server", found->second.server.text()},
            {"error", error.empty() ? json(nullptr) : json(error)}};
}

Result<void> tend_dkim_records(ServiceContext& context,
                               const Caller& caller,
                               std::span<const DkimKeyRow> rows) {
    BULLA_TRY(publishers, load_publishers_of(context, rows));
    Run run(context, caller);
    for (const DkimKeyRow& row : rows) {
        const auto found = publishers.find(row.domain);
        if (found == publishers.end()) {
            continue;
        }
        if (const Task task = decide_task(row, found->second); task != Task::nothing) {
            // Its failure is noted and logged; the next look tries again.
            (void)run.work(found->second, row, task);
        }
    }
    return {};
}

// {"domain", "selector"?} → [{"domain", "selector", "name", "server", "state", "error"}]: publishes the records of a domain's keys at the name
// server of the settings dkim_update_*; state is published, already or failed. Without a selector those of all keys but retired ones; for a
// revoked key the record has an empty p=. Errors: dkim_key.missing, dkim_key.destroyed (retired), dkim_update.not_set.
Result<json> publish_dkim_records(ServiceContext& context,
                                  const Caller& caller,
                                  const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(domain, in.text("domain", 253));
    BULLA_TRY(selector, in.text_or("selector", "", 128));
    BULLA_CHECK(in.finish());
    BULLA_TRY(asked, read_asked(context, domain, selector));
    if (!selector.empty() && asked.rows.front().stage == KeyStage::retired) {
        return fail("dkim_key.destroyed",
                    Fault::sender,
                    fmt::format("the private key of {} is destroyed: its record has no use",
                                item_of(asked.rows.front())));
    }
    std::erase_if(asked.rows, [](const DkimKeyRow& row) { return row.stage == KeyStage::retired; });
    return work_on(context, caller, asked.publisher, asked.rows, Task::publish);
}

// {"domain", "selector"} → as publish_dkim_records, with the state withdrawn: removes the record of a key, if it is what bulla published.
// Errors: dkim_key.missing, dkim_update.not_set, dkim_update.in_use (mail under way is verified with it).
Result<json> withdraw_dkim_record(ServiceContext& context,
                                  const Caller& caller,
                                  const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(domain, in.text("domain", 253));
    BULLA_TRY(selector, in.text("selector", 128));
    BULLA_CHECK(in.finish());
    BULLA_TRY(asked, read_asked(context, domain, selector));
    const KeyStage stage = asked.rows.front().stage;
    if (stage == KeyStage::active || stage == KeyStage::retiring) {
        return fail("dkim_update.in_use",
                    Fault::sender,
                    fmt::format("mail signed with {} is under way: its record stays until the key "
                                "is retired",
                                item_of(asked.rows.front())));
    }
    return work_on(context, caller, asked.publisher, asked.rows, Task::withdraw);
}

}  // namespace bulla::services
