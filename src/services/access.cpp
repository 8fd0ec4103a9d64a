#include "services/access.h"

#include "services/account.h"

#include <algorithm>
#include <array>

namespace bulla::services {
namespace {

using directory::AccountRole;
using enum Permission;

/// Which argument says what a call is about.
enum class Target { nothing, account, domain, name, scope };

struct AccessRow {
    std::string_view call;  ///< With a dot at its end: all calls that begin so.
    Permission user = denied;
    Permission domain_admin = denied;
    Permission auditor = denied;
    Permission admin = denied;
    Target target = Target::nothing;
    bool by_person = false;  ///< Not with an API token.
};

constexpr std::array table{
    // clang-format off
    AccessRow{"domain.list",         denied,      own_domain,  allowed,     allowed,     Target::nothing},
    AccessRow{"domain.",             denied,      denied,      denied,      allowed,     Target::name},
    AccessRow{"account.add",         denied,      own_domain,  denied,      allowed,     Target::account},
    AccessRow{"account.list",        own_account, own_domain,  allowed,     allowed,     Target::nothing},
    AccessRow{"account.passwd",      denied,      own_domain,  denied,      allowed,     Target::account},
    AccessRow{"account.disable",     denied,      own_domain,  denied,      allowed,     Target::account},
    AccessRow{"account.address",     denied,      own_domain,  denied,      allowed,     Target::account},
    AccessRow{"account.rename",      denied,      own_domain,  denied,      allowed,     Target::account},
    AccessRow{"account.remove",      denied,      own_domain,  denied,      allowed,     Target::account},
    AccessRow{"account.role",        denied,      denied,      denied,      allowed,     Target::account},
    AccessRow{"settings.get",        denied,      own_domain,  allowed,     allowed,     Target::scope},
    AccessRow{"settings.list",       denied,      own_domain,  allowed,     allowed,     Target::scope},
    AccessRow{"settings.set",        denied,      own_domain,  denied,      allowed,     Target::scope},
    AccessRow{"settings.reset",      denied,      own_domain,  denied,      allowed,     Target::scope},
    AccessRow{"dkim.list",           denied,      own_domain,  allowed,     allowed,     Target::nothing},
    AccessRow{"dkim.policy",         denied,      denied,      allowed,     allowed,     Target::nothing},
    AccessRow{"dkim.policy.set",     denied,      denied,      denied,      allowed,     Target::nothing},
    AccessRow{"dkim.policy.",        denied,      denied,      allowed,     allowed,     Target::nothing},
    AccessRow{"dkim.",               denied,      own_domain,  denied,      allowed,     Target::domain},
    AccessRow{"dns.check",           denied,      own_domain,  allowed,     allowed,     Target::nothing},
    AccessRow{"signer.list",         denied,      denied,      allowed,     allowed,     Target::nothing},
    AccessRow{"signer.",             denied,      denied,      denied,      allowed,     Target::nothing},
    AccessRow{"group.list",          denied,      denied,      allowed,     allowed,     Target::nothing},
    AccessRow{"group.",              denied,      denied,      denied,      allowed,     Target::nothing},
    AccessRow{"queue.list",          denied,      denied,      allowed,     allowed,     Target::nothing},
    AccessRow{"queue.show",          denied,      denied,      allowed,     allowed,     Target::nothing},
    AccessRow{"queue.",              denied,      denied,      denied,      allowed,     Target::nothing},
    AccessRow{"archive.",            denied,      denied,      allowed,     allowed,     Target::nothing},
    AccessRow{"log.",                denied,      denied,      allowed,     allowed,     Target::nothing},
    AccessRow{"job.",                denied,      denied,      allowed,     allowed,     Target::nothing},
    AccessRow{"explain",             denied,      denied,      allowed,     allowed,     Target::nothing},
    AccessRow{"stats",               denied,      denied,      allowed,     allowed,     Target::nothing},
    AccessRow{"search",              denied,      denied,      allowed,     allowed,     Target::nothing},
    // The console's stream of events shows each viewer what it may see.
    AccessRow{"events",              allowed,     allowed,     allowed,     allowed,     Target::nothing},
    AccessRow{"status",              denied,      denied,      allowed,     allowed,     Target::nothing},
    AccessRow{"audit.list",          denied,      denied,      allowed,     allowed,     Target::nothing},
    AccessRow{"reload",              denied,      denied,      denied,      allowed,     Target::nothing},
    AccessRow{"setup.checklist",     denied,      denied,      allowed,     allowed,     Target::nothing},
    AccessRow{"setup.confirm",       denied,      denied,      denied,      allowed,     Target::nothing},
    // These carry what proves that they may be made.
    AccessRow{"auth.login",          allowed,     allowed,     allowed,     allowed,     Target::nothing},
    AccessRow{"auth.session",        allowed,     allowed,     allowed,     allowed,     Target::nothing},
    AccessRow{"auth.logout",         allowed,     allowed,     allowed,     allowed,     Target::nothing},
    AccessRow{"auth.password",       own_account, own_account, own_account, own_account, Target::account, true},
    AccessRow{"session.list",        own_account, own_domain,  own_account, allowed,     Target::nothing},
    AccessRow{"session.revoke",      own_account, own_domain,  own_account, allowed,     Target::nothing},
    AccessRow{"token.list",          own_account, own_domain,  own_account, allowed,     Target::nothing},
    AccessRow{"token.revoke",        own_account, own_domain,  own_account, allowed,     Target::nothing},
    // Nobody makes a key to somebody else's account.
    AccessRow{"token.create",        own_account, own_account, own_account, own_account, Target::account, true},
    AccessRow{"totp.enroll",         own_account, own_account, own_account, own_account, Target::account, true},
    AccessRow{"totp.confirm",        own_account, own_account, own_account, own_account, Target::account, true},
    AccessRow{"totp.disable",        own_account, own_domain,  own_account, allowed,     Target::account, true},
    // clang-format on
};

const AccessRow* find_row(std::string_view call) {
    const auto* const found = std::ranges::find_if(table, [&](const AccessRow& row) {
        return row.call.ends_with('.') ? call.starts_with(row.call) : call == row.call;
    });
    return found == table.end() ? nullptr : found;
}

/// A call on archive or log that does more than read: none for an auditor, whatever calls there will be.
bool changes_evidence(const AccessRow& row, std::string_view call) {
    const Service* service = find_service(call);
    return row.call.ends_with('.') && service != nullptr && service->work != Work::reads;
}

Permission permission_in(const AccessRow& row, std::string_view call, AccountRole role) {
    switch (role) {
        case AccountRole::user:
            return row.user;
        case AccountRole::domain_admin:
            return row.domain_admin;
        case AccountRole::auditor:
            return changes_evidence(row, call) ? denied : row.auditor;
        case AccountRole::admin:
            return row.admin;
    }
    return denied;
}

std::unexpected<Error> deny(std::string_view call) {
    return fail(
        "access.denied", Fault::sender, "this account may not do that (" + std::string(call) + ")");
}

std::string text_of(const nlohmann::json& arguments, const char* name) {
    const auto found = arguments.is_object() ? arguments.find(name) : arguments.end();
    return found != arguments.end() && found->is_string() ? found->get<std::string>()
                                                          : std::string();
}

bool administers(const Principal& principal, std::string_view domain) {
    const auto parsed = DomainName::parse(domain);
    return parsed &&
           std::ranges::find(principal.domains, parsed->ascii()) != principal.domains.end();
}

bool administers_address(const Principal& principal, std::string_view address) {
    const auto mailbox = Mailbox::parse(address);
    return mailbox && administers(principal, mailbox->domain().ascii());
}

/// Whether a domain administrator may act on the account: a user of its domains, or itself.
bool administers_account(const directory::Snapshot& snapshot,
                         const Principal& principal,
                         std::string_view login) {
    const auto name = parse_login(login);
    const auto account = name ? snapshot.find_account(*name) : nullptr;
    return account != nullptr && account->login == *name &&
           (account->role == AccountRole::user || account->login == principal.login) &&
           administers(principal, account->address.domain().ascii());
}

bool is_own_account(const Principal& principal, const nlohmann::json& arguments) {
    const auto login = parse_login(text_of(arguments, "login"));
    return login && *login == principal.login;
}

/// account.add has the account that is to be; all others name one that is there, and account.address its new address too.
bool may_change_account(const directory::Snapshot& snapshot,
                        const Principal& principal,
                        std::string_view call,
                        const nlohmann::json& arguments) {
    const std::string role = text_of(arguments, "role");
    const std::string address = text_of(arguments, "address");
    const bool names_address = arguments.is_object() && arguments.contains("address");
    if (names_address && !administers_address(principal, address)) {
        return false;
    }
    if (call == "account.add") {
        return names_address && (role.empty() || role == "user") && !arguments.contains("domains");
    }
    return administers_account(snapshot, principal, text_of(arguments, "login"));
}

bool is_in_scope(const directory::Snapshot& snapshot,
                 const Principal& principal,
                 std::string_view scope) {
    constexpr std::string_view domain = "domain:";
    constexpr std::string_view account = "account:";
    if (scope.starts_with(domain)) {
        return administers(principal, scope.substr(domain.size()));
    }
    return scope.starts_with(account) &&
           administers_account(snapshot, principal, scope.substr(account.size()));
}

bool is_in_own_domain(const directory::Snapshot& snapshot,
                      const Principal& principal,
                      const AccessRow& row,
                      std::string_view call,
                      const nlohmann::json& arguments) {
    switch (row.target) {
        case Target::nothing:
            return true;  // the service shows only what this caller may see
        case Target::account:
            return may_change_account(snapshot, principal, call, arguments);
        case Target::domain:
            return administers(principal, text_of(arguments, "domain"));
        case Target::name:
            return administers(principal, text_of(arguments, "name"));
        case Target::scope:
            return is_in_scope(snapshot, principal, text_of(arguments, "scope"));
    }
    return false;
}

bool covers(const std::string& scope, const Service* service, std::string_view call) {
    if (scope == "*" || scope == call) {
        return true;
    }
    if (scope == "read") {
        // A job keeps both cores busy, or ends what somebody else began: that is more than looking.
        const bool is_work = call == "archive.verify_all" || call == "job.cancel";
        return service != nullptr && service->work == Work::reads && !is_work;
    }
    return scope.ends_with('.') && call.starts_with(scope);
}

Result<void> check_way_in(const Principal& principal, const AccessRow& row, std::string_view call) {
    const bool is_auth = call.starts_with("auth.");
    if (principal.must_change_password && !is_auth) {
        return fail("access.password_first",
                    Fault::sender,
                    "the password is for one use: change it first (auth.password)");
    }
    if (principal.by_token && row.by_person) {
        return fail("access.session_needed",
                    Fault::sender,
                    "an API token is not good for this: log in with a password");
    }
    const Service* service = find_service(call);
    const auto good = [&](const std::string& scope) { return covers(scope, service, call); };
    if (!is_auth && std::ranges::none_of(principal.scopes, good)) {
        return fail(
            "access.scope", Fault::sender, "the API token is not good for " + std::string(call));
    }
    return {};
}

}  // namespace

Permission permission_of(std::string_view call, AccountRole role) {
    const AccessRow* row = find_row(call);
    return row == nullptr ? denied : permission_in(*row, call, role);
}

Result<void> check_access(const directory::Snapshot& snapshot,
                          const Principal& principal,
                          std::string_view call,
                          const nlohmann::json& arguments) {
    const AccessRow* row = find_row(call);
    const Permission permission =
        row == nullptr ? denied : permission_in(*row, call, principal.role);
    if (permission == denied) {
        return deny(call);
    }
    BULLA_CHECK(check_way_in(principal, *row, call));
    if (call == "account.passwd" && is_own_account(principal, arguments)) {
        return fail("access.own_password",
                    Fault::sender,
                    "change your own password with the old one (auth.password)");
    }
    if (permission == allowed) {
        return {};
    }
    const bool on_itself = row->target == Target::account && call != "account.add" &&
                           permission == own_account && is_own_account(principal, arguments);
    const bool listed = row->target == Target::nothing;
    const bool good = permission == own_account
                          ? on_itself || listed
                          : is_in_own_domain(snapshot, principal, *row, call, arguments);
    return good ? Result<void>() : deny(call);
}

Result<nlohmann::json> call_as(ServiceContext& context,
                               const Principal& principal,
                               std::string_view call,
                               const nlohmann::json& arguments) {
    BULLA_CHECK(check_access(*context.snapshots.current(), principal, call, arguments));
    return call_service(context, Caller{principal.login, &principal}, call, arguments);
}

bool sees_domain(const Caller& caller, const std::string& domain) {
    if (caller.principal == nullptr || caller.principal->role == AccountRole::admin ||
        caller.principal->role == AccountRole::auditor) {
        return true;
    }
    return caller.principal->role == AccountRole::domain_admin &&
           administers(*caller.principal, domain);
}

bool sees_account(const Caller& caller, const std::string& login, std::string_view address) {
    if (caller.principal == nullptr || caller.principal->login == login) {
        return true;
    }
    const auto mailbox = Mailbox::parse(address);
    return caller.principal->role != AccountRole::user && mailbox &&
           sees_domain(caller, mailbox->domain().ascii());
}

bool manages_account(const Caller& caller, const directory::Account& account) {
    const Principal* principal = caller.principal;
    if (principal == nullptr || principal->login == account.login ||
        principal->role == AccountRole::admin) {
        return true;
    }
    return principal->role == AccountRole::domain_admin && account.role == AccountRole::user &&
           administers(*principal, account.address.domain().ascii());
}

Result<std::string> parse_scope_word(std::string_view text) {
    const auto good = [](char c) { return (c >= 'a' && c <= 'z') || c == '.' || c == '_'; };
    // A word that is good for nothing would make a token that is refused everywhere, without a hint why.
    std::string word(text);
    const auto opens = [&](const Service& one) { return covers(word, &one, one.name); };
    if (text.size() > 64 || (text != "*" && !std::ranges::all_of(text, good)) ||
        std::ranges::none_of(list_services(), opens)) {
        return fail("token.bad_scope",
                    Fault::sender,
                    "a scope is *, read, a call such as queue.list, or the start of several such "
                    "as queue.");
    }
    return word;
}

}  // namespace bulla::services
