#include "api/handlers.h"
#include "api/route.h"

#include <array>

// The API in one table. openapi.yaml describes the same paths; a test compares them.

namespace bulla::api {

namespace {

constexpr auto get = Method::get;
constexpr auto post = Method::post;
constexpr auto put = Method::put;
constexpr auto patch = Method::patch;
constexpr auto remove = Method::remove;
constexpr auto json_body = BodyKind::json;
constexpr auto octets_body = BodyKind::octets;
constexpr auto created = Answer::created;
constexpr auto nothing = Answer::nothing;
constexpr auto octets = Answer::octets;

// A signing policy has a line for each domain.
constexpr std::uint64_t policy_octets = std::uint64_t{1} << 20U;

constexpr RouteOptions message_list{
    .query = "cursor limit:whole from to sender recipient subject direction check group"};
constexpr RouteOptions queue_list{.query =
                                      "cursor limit:whole state destination route address message"};
constexpr RouteOptions explanation{.query = "role login from to:list ip helo", .body = octets_body};

constexpr std::array routes{
    // Who is asking
    Route{post,
          "/session",
          "auth.login",
          {.body = json_body, .answer = created, .open = true, .dear = true, .handle = log_in}},
    Route{get, "/session", "auth.session", {.handle = show_session}},
    Route{remove, "/session", "auth.logout", {.open = true, .handle = log_out}},
    Route{put,
          "/password",
          "auth.password",
          {.body = json_body, .self = "login", .dear = true, .handle = change_password}},
    Route{post, "/totp", "totp.enroll", {.answer = created, .self = "login"}},
    Route{remove, "/totp", "totp.disable", {.answer = nothing, .self = "login"}},
    Route{post,
          "/totp/confirm",
          "totp.confirm",
          {.body = json_body, .answer = nothing, .self = "login"}},
    Route{get, "/sessions", "session.list", {.query = "login", .self = "login"}},
    Route{remove,
          "/sessions",
          "session.revoke",
          {.query = "login", .answer = nothing, .self = "login"}},
    Route{remove, "/sessions/{id}", "session.revoke", {.answer = nothing}},
    Route{get, "/tokens", "token.list", {.query = "login", .self = "login"}},
    Route{post, "/tokens", "token.create", {.body = json_body, .answer = created, .self = "login"}},
    Route{remove, "/tokens/{id}", "token.revoke", {.answer = nothing}},
    // The program
    Route{get, "/status", "status", {}},
    Route{get, "/checklist", "setup.checklist", {.waits = true}},
    Route{post, "/checklist/{id}/confirm", "setup.confirm", {.answer = nothing}},
    Route{get, "/stats", "stats", {.query = "range"}},
    Route{get, "/events", "events", {.stream = true, .handle = open_events}},
    Route{get, "/search", "search", {.query = "q"}},
    Route{post, "/explain", "explain", explanation},
    Route{post, "/reload", "reload", {}},
    // Messages
    Route{get, "/messages", "archive.list", message_list},
    Route{post,
          "/messages/verify",
          "archive.verify_all",
          {.body = json_body, .answer = Answer::accepted}},
    Route{get, "/messages/{id}", "archive.show", {}},
    Route{post, "/messages/{id}/verify", "archive.verify", {}},
    Route{get, "/messages/{id}/raw", "archive.raw", {.query = "download:flag", .answer = octets}},
    Route{get, "/messages/{id}/content", "archive.content", {}},
    Route{get, "/messages/{id}/view", "archive.view", {.query = "part", .answer = octets}},
    Route{get, "/messages/{id}/parts/{part}", "archive.part", {.answer = octets}},
    Route{get, "/messages/{id}/export", "archive.export", {.answer = octets}},
    Route{get, "/jobs/{id}", "job.show", {}},
    Route{remove, "/jobs/{id}", "job.cancel", {.answer = nothing}},
    // The log
    Route{get, "/log", "log.show", {}},
    Route{get, "/log/checkpoint", "log.checkpoint", {.answer = octets}},
    Route{get, "/log/checkpoints", "log.checkpoints", {.query = "cursor limit:whole"}},
    Route{post, "/log/consistency", "log.consistency", {.body = octets_body}},
    // The queue
    Route{get, "/queue", "queue.list", queue_list},
    Route{get, "/queue/{id}", "queue.show", {}},
    Route{remove, "/queue/{id}", "queue.delete", {.query = "notify:flag", .answer = nothing}},
    Route{post, "/queue/{id}/retry", "queue.retry", {.answer = nothing}},
    Route{post, "/queue/{id}/hold", "queue.hold", {.answer = nothing}},
    Route{post, "/queue/{id}/release", "queue.release", {.answer = nothing}},
    // Domains and their keys
    Route{get, "/domains", "domain.list", {}},
    Route{post, "/domains", "domain.add", {.body = json_body, .answer = created}},
    Route{
        patch, "/domains/{domain:name}", "domain.disable", {.body = json_body, .answer = nothing}},
    Route{remove,
          "/domains/{domain:name}",
          "domain.remove",
          {.query = "force:flag", .answer = nothing}},
    Route{get, "/domains/{domain}/dns", "dns.check", {.waits = true}},
    Route{get, "/domains/{domain}/keys", "dkim.list", {}},
    Route{post,
          "/domains/{domain}/keys",
          "dkim.add",
          {.body = json_body, .answer = created, .dear = true}},
    Route{patch,
          "/domains/{domain}/keys/{selector}",
          "dkim.activate",
          {.body = json_body, .answer = nothing}},
    Route{remove, "/domains/{domain}/keys/{selector}", "dkim.remove", {.answer = nothing}},
    Route{post, "/domains/{domain}/keys/{selector}/test", "dkim.test", {.waits = true}},
    Route{post, "/domains/{domain}/keys/{selector}/record", "dkim.publish", {.waits = true}},
    Route{remove, "/domains/{domain}/keys/{selector}/record", "dkim.withdraw", {.waits = true}},
    Route{post, "/domains/{domain}/records", "dkim.publish", {.waits = true}},
    Route{post, "/domains/{domain}/rotation", "dkim.rotate", {.body = json_body, .dear = true}},
    Route{post, "/domains/{domain}/rotation/check", "dkim.check", {.waits = true}},
    Route{get, "/dkim/policy", "dkim.policy", {.query = "address from"}},
    Route{get, "/dkim/policy/text", "dkim.policy.get", {}},
    Route{put,
          "/dkim/policy/text",
          "dkim.policy.set",
          {.body = json_body, .most_octets = policy_octets}},
    Route{post,
          "/dkim/policy/try",
          "dkim.policy.try",
          {.body = json_body, .most_octets = policy_octets}},
    // Accounts
    Route{get, "/accounts", "account.list", {}},
    Route{post, "/accounts", "account.add", {.body = json_body, .answer = created, .dear = true}},
    Route{patch,
          "/accounts/{login}",
          "account.disable",
          {.body = json_body, .handle = change_account}},
    Route{remove, "/accounts/{login}", "account.remove", {.answer = nothing}},
    Route{put, "/accounts/{login}/password", "account.passwd", {.body = json_body, .dear = true}},
    Route{remove, "/accounts/{login}/totp", "totp.disable", {.answer = nothing}},
    // Archiving
    Route{get, "/groups", "group.list", {}},
    Route{post, "/groups", "group.add", {.body = json_body, .answer = created}},
    Route{patch, "/groups/{name}", "group.set", {.body = json_body, .answer = nothing}},
    Route{remove, "/groups/{name}", "group.remove", {.answer = nothing}},
    Route{
        post, "/groups/{name}/members", "group.member.add", {.body = json_body, .answer = nothing}},
    Route{remove,
          "/groups/{name}/members",
          "group.member.remove",
          {.query = "pattern", .answer = nothing}},
    Route{get, "/signers", "signer.list", {}},
    Route{post,
          "/signers",
          "signer.create",
          {.body = json_body, .answer = created, .dear = true, .handle = add_signer}},
    Route{post,
          "/signers/{id}/rotate",
          "signer.rotate",
          {.body = json_body, .dear = true, .handle = rotate_signer}},
    Route{post, "/signers/{id}/retire", "signer.retire", {.answer = nothing}},
    // Settings and what was done
    Route{get, "/settings", "settings.list", {.query = "scope"}},
    Route{put, "/settings/{name}", "settings.set", {.query = "scope", .body = json_body}},
    Route{remove, "/settings/{name}", "settings.reset", {.query = "scope"}},
    Route{get, "/audit", "audit.list", {.query = "cursor limit:whole actor action target"}},
};

}  // namespace

std::span<const Route> list_routes() {
    return routes;
}

}  // namespace bulla::api
