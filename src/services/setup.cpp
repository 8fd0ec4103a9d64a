#include "archive/public_keys.h"
#include "base/plural.h"
#include "directory/sign_plan.h"
#include "directory/signing_policy.h"
#include "names/mailbox.h"
#include "services/change.h"
#include "services/dns_check.h"
#include "services/lookup.h"
#include "services/signer_warning.h"
#include "services/table.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

// The set-up checklist: what a new instance still needs, in the order in which it is done.

namespace bulla::services {
namespace {

using directory::AccountRole;
using directory::Snapshot;

constexpr std::string_view backup_mark = "setup.passphrase_backup";

/// What to do about an item: words, a command and a page of the console.
struct Step {
    std::string text, command, page;
};

json item(const std::string& id, const std::string& title, bool done, const std::string& detail) {
    return {{"id", id}, {"title", title}, {"state", done ? "done" : "todo"}, {"detail", detail}};
}

void add_step(json& item, const Step& step) {
    if (item["state"] != "done" && item["state"] != "not_needed") {
        item["action"] = {{"text", step.text}, {"command", step.command}, {"page", step.page}};
    }
}

/// An item that cannot apply here, with the reason.
void excuse(json& item, const std::string& why) {
    item["state"] = "not_needed";
    item["detail"] = why;
}

bool is_loopback(const std::string& address) {
    const auto ip = Ip::parse(address);
    return ip ? ip->is_loopback() : address == "localhost";
}

/// Whether nobody but this machine can reach the instance.
bool listens_on_loopback_alone(const config::Config& config) {
    return is_loopback(config.console.address) &&
           std::ranges::all_of(config.listeners, [](const config::Listener& listener) {
               return is_loopback(listener.address);
           });
}

/// Whether every next hop is found without the DNS.
bool routes_without_dns(const config::Config& config) {
    return std::ranges::all_of(config.routes, [](const config::Route& route) {
        return route.exit == config::RouteExit::maildir || route.host == "localhost" ||
               Ip::parse(route.host).has_value();
    });
}

/// Whether no mail can leave, not even by way of another server on this machine.
bool sends_nothing(const config::Config& config) {
    return std::ranges::all_of(config.routes, [](const config::Route& route) {
        return route.exit == config::RouteExit::maildir;
    });
}

// RFC 6761 6: these names are never in the DNS, whatever anybody publishes.
bool is_reserved(std::string_view domain) {
    return std::ranges::any_of(
        std::to_array<std::string_view>({"test", "example", "invalid", "localhost"}),
        [&](std::string_view top) {
            return domain == top ||
                   (domain.ends_with(top) && domain[domain.size() - top.size() - 1] == '.');
        });
}

std::vector<std::string> enabled_domains(const Snapshot& snapshot) {
    std::vector<std::string> out;
    for (const auto& [name, enabled] : snapshot.domains) {
        if (enabled) {
            out.push_back(name);
        }
    }
    std::ranges::sort(out);
    return out;
}

std::string join(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

json check_domain(const std::vector<std::string>& domains) {
    json out = item("domain",
                    "A domain is served",
                    !domains.empty(),
                    domains.empty() ? "no domain is served" : join(domains));
    add_step(out, {"Add the domain of your mail addresses", "bulla domain add DOMAIN", "/domains"});
    return out;
}

// By its own keys or by a line of the signing policy.
json check_dkim_key(const Snapshot& snapshot, const std::vector<std::string>& domains, Time now) {
    std::vector<std::string> without;
    std::ranges::copy_if(domains, std::back_inserter(without), [&](const std::string& name) {
        const auto anybody = Mailbox::parse("postmaster@" + name);
        return anybody &&
               directory::plan_signatures(snapshot,
                                          snapshot.signing_policy.get(),
                                          {.return_address = &*anybody, .author = &*anybody},
                                          now)
                   .signatures.empty();
    });
    const bool done = without.empty() && !domains.empty();
    json out = item("dkim_key",
                    "Each domain has a DKIM key",
                    done,
                    done              ? "outgoing mail is signed"
                    : domains.empty() ? "no domain is served"
                                      : "without a key: " + join(without));
    add_step(out,
             {"Make a key for each domain",
              "bulla dkim add " + (without.empty() ? "DOMAIN" : without.front()) + " SELECTOR",
              "/domains"});
    return out;
}

json check_dkim_record(const config::Config& config,
                       const std::string& domain,
                       const RecordCheck& check) {
    json out = item("dkim_record:" + domain,
                    "The DKIM key of " + domain + " is published",
                    check.state == RecordState::match,
                    check.state == RecordState::match ? "the DNS has the key" : check.detail);
    if (check.state == RecordState::error) {
        out["state"] = "unknown";
    } else if (check.state == RecordState::different) {
        out["state"] = "error";
    }
    if (check.state != RecordState::match && is_reserved(domain)) {
        excuse(out, domain + " is a name for tests, which is never in the DNS (RFC 6761)");
        return out;
    }
    if (check.state != RecordState::match && listens_on_loopback_alone(config) &&
        sends_nothing(config)) {
        excuse(out, "all mail stays on this machine: nobody else checks its signatures");
        return out;
    }
    out["record"] = {{"name", check.question.name}, {"type", "TXT"}, {"value", check.expected}};
    out["seen"] = check.seen;
    add_step(out, {"Publish this record where your DNS is kept", "bulla dkim list", "/domains"});
    return out;
}

json check_route(const Snapshot& snapshot, const std::vector<std::string>& domains) {
    std::vector<std::string> without;
    std::ranges::copy_if(domains, std::back_inserter(without), [&](const std::string& name) {
        const auto domain = DomainName::parse(name);
        return !domain || snapshot.find_route(*domain) == nullptr;
    });
    const bool done = without.empty() && !domains.empty();
    json out = item("route",
                    "Mail for each domain has a way to go",
                    done,
                    done ? "a route or Maildir takes it" : "no route takes: " + join(without));
    add_step(out,
             {"Add a [[route]] to bulla.toml, then reload", "systemctl reload bulla", "/settings"});
    return out;
}

json check_clients(const Snapshot& snapshot) {
    const auto senders = std::ranges::count_if(snapshot.accounts_by_login, [](const auto& entry) {
        const directory::Account& account = *entry.second;
        return !account.disabled && !account.one_time_password;
    });
    const std::size_t networks = snapshot.settings.trusted_networks.size();
    json out = item("clients",
                    "Somebody may send",
                    senders > 0 || networks > 0,
                    fmt::format("{} can log in to send, {} trusted",
                                plural(senders, "account", "accounts"),
                                plural(networks, "network is", "networks are")));
    add_step(out,
             {"Make accounts for who sends, or trust the network of your mail server",
              "bulla account add ADDRESS",
              "/accounts"});
    return out;
}

json check_archiving(const Snapshot& snapshot) {
    std::vector<std::string> good;
    for (const auto& group : snapshot.groups) {
        if (group.archiving && !group.patterns.empty() &&
            snapshot.signers.contains(group.archival_signer)) {
            good.push_back(group.name);
        }
    }
    json out = item("archiving",
                    "A group archives and signs",
                    !good.empty(),
                    good.empty() ? "no group both archives and names a signer that can sign"
                                 : "groups: " + join(good));
    add_step(out,
             {"Make a signer and a group that names it",
              snapshot.signers.empty() ? "bulla signer create archive"
                                       : "bulla group add all --signer SIGNER",
              "/groups"});
    return out;
}

json check_public_key(const Snapshot& snapshot) {
    const auto& settings = snapshot.settings;
    const std::string& path = settings.signature_public_key_path;
    const auto keys = load_check_keys(snapshot);
    std::string warning;
    for (const auto& group : snapshot.groups) {
        if (group.archiving && warning.empty()) {
            warning = warn_of_signer(snapshot, keys, group.archival_signer);
        }
    }
    json out =
        item("public_key",
             "Signatures are checked with a public key",
             !path.empty() && keys && warning.empty() && settings.signature_verification_enabled,
             path.empty()                              ? "signature_public_key_path is not set"
             : !keys                                   ? keys.error().text
             : !warning.empty()                        ? warning
             : settings.signature_verification_enabled ? path
                                                       : "signature_verification_enabled is 0");
    if (!keys || !warning.empty()) {
        out["state"] = "error";
    }
    add_step(out,
             {"Name a folder with the public keys of all signers",
              "bulla settings set signature_public_key_path PATH",
              "/settings"});
    return out;
}

json check_first_message(std::int64_t archived) {
    json out = item("first_message",
                    "A message is sealed",
                    archived > 0,
                    archived == 1 ? "one message is in the archive"
                                  : fmt::format("{} messages are in the archive", archived));
    add_step(out, {"Send a message through bulla", "bulla archive list", "/messages"});
    return out;
}

json check_tls(const config::Config& config) {
    const bool done = !config.console.certificate_file.empty();
    json out =
        item("tls",
             "The console has a certificate that browsers believe",
             done,
             done ? config.console.certificate_file : "the instance signs its certificate itself");
    if (!done && is_loopback(config.console.address)) {
        excuse(out,
               fmt::format("the console listens on {} alone, where nothing crosses a network",
                           config.console.address));
    }
    add_step(out,
             {"Name certificate_file and key_file under [console] in bulla.toml",
              "bulla serve",
              "/settings"});
    return out;
}

json check_backup(bool confirmed) {
    json out = item("passphrase_backup",
                    "The passphrase is kept elsewhere too",
                    confirmed,
                    confirmed ? "you have said so"
                              : "without it nothing of the archive can ever be read again");
    add_step(out,
             {"Copy the passphrase to a safe place away from this machine, then confirm it",
              "bulla setup confirm passphrase_backup",
              "/setup"});
    return out;
}

json check_resolver(const config::Config& config, const AskDns& ask) {
    const bool works = is_working(ask(probe()));
    json out = item("resolver",
                    "The DNS answers",
                    works,
                    works ? "questions are answered"
                          : "the resolver could not be asked, or gives no usable answer");
    out["state"] = works ? "done" : "error";
    if (!works && listens_on_loopback_alone(config) && routes_without_dns(config)) {
        excuse(out,
               "it does not answer, and no mail waits for it: only this machine reaches bulla, and "
               "no route needs the DNS");
    }
    add_step(out, {"Look at /etc/resolv.conf", "bulla dns check", "/setup"});
    return out;
}

/// One item for each domain with a key: the worst of its records.
void add_dkim_records(json& items,
                      const config::Config& config,
                      const std::vector<std::string>& domains,
                      std::map<std::string, std::vector<PublishedKey>>& keys,
                      const AskDns& ask) {
    std::vector<RecordCheck> checks;
    std::vector<std::string> owners;
    for (const std::string& domain : domains) {
        for (RecordCheck& check : plan_checks(domain, config.hostname, keys[domain])) {
            if (check.what == "dkim") {
                checks.push_back(std::move(check));
                owners.push_back(domain);
            }
        }
    }
    run_checks(checks, ask);
    for (const std::string& domain : domains) {
        const RecordCheck* worst = nullptr;
        for (std::size_t i = 0; i < checks.size(); ++i) {
            const bool worse = worst == nullptr || (worst->state == RecordState::match &&
                                                    checks[i].state != RecordState::match);
            worst = owners[i] == domain && worse ? &checks[i] : worst;
        }
        if (worst != nullptr) {
            items.push_back(check_dkim_record(config, domain, *worst));
        }
    }
}

Result<std::int64_t> count_archived(ServiceContext& context) {
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(
        row,
        connection->query_first<std::int64_t>("select count(*) from message where archived = 1"));
    return row ? std::get<0>(*row) : 0;
}

}  // namespace

// {} → [{"id", "title", "state": done, todo, error, unknown or not_needed, "detail", "record"?: {"name", "type", "value"}, "seen"?, "action"?: {"text",
// "command", "page"}}], in the order in which it is done.
Result<json> list_setup(ServiceContext& context, const Caller&, const json& arguments) {
    BULLA_CHECK(Arguments(arguments).finish());
    const auto snapshot = context.snapshots.current();
    const auto domains = enabled_domains(*snapshot);
    BULLA_TRY(keys, load_published_keys(context));
    // Without a resolver the rest of the list is worth as much.
    const AskDns ask = dns_of(context).value_or([](const dns::DnsQuestion& question) {
        dns::DnsAnswer none;
        none.type = question.type;
        none.name = question.name;
        return none;
    });
    BULLA_TRY(archived, count_archived(context));
    BULLA_TRY(confirmed, has_row(context, "select 1 from meta where name = :key", backup_mark));
    json out = json::array();
    out.push_back(check_domain(domains));
    out.push_back(check_dkim_key(*snapshot, domains, context.clock.now()));
    add_dkim_records(out, snapshot->config, domains, keys, ask);
    out.push_back(check_route(*snapshot, domains));
    out.push_back(check_clients(*snapshot));
    out.push_back(check_archiving(*snapshot));
    out.push_back(check_public_key(*snapshot));
    out.push_back(check_first_message(archived));
    out.push_back(check_tls(snapshot->config));
    out.push_back(check_backup(confirmed));
    out.push_back(check_resolver(snapshot->config, ask));
    return out;
}

// {"id"} → {"id"}: what only a person can know; "passphrase_backup" is the one such item. Error: setup.not_confirmable.
Result<json> confirm_setup(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(id, in.text("id", 64));
    BULLA_CHECK(in.finish());
    if (id != "passphrase_backup") {
        return fail("setup.not_confirmable",
                    Fault::sender,
                    "bulla sees that item by itself; only passphrase_backup is confirmed");
    }
    const auto rows = [now = std::to_string(to_micros(context.clock.now()))](
                          store::Tx& tx, const seal::Committed&) -> Result<void> {
        BULLA_CHECK(tx.run("delete from meta where name = :name", {backup_mark}));
        return tx.run("insert into meta (name, value) values (:name, :value)", {backup_mark, now});
    };
    BULLA_CHECK(
        commit_change(context,
                      caller,
                      {.action = "setup.confirm", .target = id, .rows = rows, .deciding = false}));
    return json{{"id", id}};
}

}  // namespace bulla::services
