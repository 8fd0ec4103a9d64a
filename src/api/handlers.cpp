#include "api/handlers.h"

#include "api/credentials.h"
#include "directory/load.h"
#include "services/access.h"
#include "services/json_time.h"

#include <array>
#include <utility>

namespace bulla::api {

namespace {

using nlohmann::json;

json describe(const services::Credential& credential, const std::string& secret) {
    const services::Principal& who = credential.principal;
    json out = {{"kind", who.by_token ? "token" : "session"},
                {"id", credential.id},
                {"login", who.login},
                {"address", credential.address},
                {"role", directory::to_string(who.role)},
                {"domains", who.domains},
                {"scopes", who.scopes},
                {"expires", services::json_time(credential.expires)},
                {"must_change_password", who.must_change_password}};
    auto& permissions = out["permissions"] = nlohmann::json::array();
    for (const auto& service : services::list_services()) {
        if (services::permission_of(service.name, who.role) != services::Permission::denied) {
            permissions.push_back(service.name);
        }
    }
    if (!secret.empty()) {
        out["csrf"] = csrf_of(secret);
    }
    return out;
}

Result<json> call(const Exchange& exchange, std::string_view name, const json& arguments) {
    return exchange.backend.call(exchange.principal(), name, arguments);
}

}  // namespace

Result<Response> log_in(Exchange& exchange) {
    json arguments = exchange.arguments;
    // Only the server says where a log-in came from.
    for (const auto* const name : {"user_agent", "address"}) {
        if (arguments.contains(name)) {
            return fail("http.bad_parameter",
                        Fault::sender,
                        std::string("The parameter \"") + name + "\" is unknown here.");
        }
    }
    const std::string* agent = exchange.head.find("user-agent");
    arguments["user_agent"] = agent == nullptr ? std::string() : agent->substr(0, 200);
    arguments["address"] = exchange.client;
    BULLA_TRY(made, exchange.backend.call_open("auth.login", arguments));
    const auto secret = made.at("session").get<std::string>();
    if (!exchange.secret.empty()) {
        BULLA_CHECK(exchange.backend.call_open("auth.logout", {{"session", exchange.secret}}));
    }
    BULLA_TRY(credential, exchange.backend.authenticate(secret, false, services::Activity::counts));
    Response response = make_json(describe(credential, secret), 201);
    response.fields.emplace_back("Set-Cookie", write_cookie(secret, exchange.tls));
    return response;
}

Result<Response> show_session(Exchange& exchange) {
    return make_json(describe(exchange.proven(), exchange.secret));
}

Result<Response> log_out(Exchange& exchange) {
    if (!exchange.secret.empty()) {
        BULLA_CHECK(exchange.backend.call_open("auth.logout", {{"session", exchange.secret}}));
    }
    Response response = make_empty(204);
    response.fields.emplace_back("Set-Cookie", write_cookie("", exchange.tls));
    response.fields.emplace_back("Clear-Site-Data", "\"cache\", \"storage\"");
    return response;
}

Result<Response> change_password(Exchange& exchange) {
    json arguments = exchange.arguments;
    for (const auto* const name : {"session", "address"}) {
        if (arguments.contains(name)) {
            return fail("http.bad_parameter",
                        Fault::sender,
                        std::string("The parameter \"") + name + "\" is unknown here.");
        }
    }
    if (!exchange.secret.empty()) {
        arguments["session"] = exchange.secret;
    }
    arguments["address"] = exchange.client;
    BULLA_TRY(value, call(exchange, "auth.password", arguments));
    return make_json(value);
}

Result<Response> change_account(Exchange& exchange) {
    struct Row {
        std::string_view call;
        std::array<const char*, 2> members;
    };

    // A new name comes last, as the others name the account by the old one.
    constexpr std::array rows{Row{"account.address", {"address", nullptr}},
                              Row{"account.role", {"role", "domains"}},
                              Row{"account.disable", {"disabled", nullptr}},
                              Row{"account.rename", {"new_login", nullptr}}};
    json rest = exchange.arguments;
    std::vector<std::pair<std::string_view, json>> calls;
    for (const Row& row : rows) {
        json arguments = {{"login", exchange.arguments.at("login")}};
        for (const char* const member : row.members) {
            if (member != nullptr && rest.contains(member)) {
                arguments[member] = rest[member];
                rest.erase(member);
            }
        }
        if (arguments.size() > 1) {
            calls.emplace_back(row.call, std::move(arguments));
        }
    }
    if (rest.size() > 1 || calls.empty()) {
        return fail("http.bad_parameter",
                    Fault::sender,
                    "What can be changed: role with domains, disabled, address, new_login.");
    }
    json out = {{"sessions_ended", 0}, {"tokens_revoked", 0}};
    for (const auto& [name, arguments] : calls) {
        BULLA_TRY(value, call(exchange, name, arguments));
        for (const char* const ended : {"sessions_ended", "tokens_revoked"}) {
            out[ended] = out[ended].get<std::int64_t>() + value.value(ended, std::int64_t{0});
        }
        out["login"] = value.value("login", exchange.arguments.at("login").get<std::string>());
    }
    return make_json(out);
}

// A path would name a file of the server's: that is for its own administrators, not for the network.
Result<void> refuse_path(const Exchange& exchange) {
    if (exchange.arguments.contains("path")) {
        return fail("http.bad_parameter",
                    Fault::sender,
                    "The parameter \"path\" is unknown here; send private_key.");
    }
    return {};
}

Result<Response> add_signer(Exchange& exchange) {
    BULLA_CHECK(refuse_path(exchange));
    const bool imports = exchange.arguments.contains("private_key");
    BULLA_TRY(value,
              call(exchange, imports ? "signer.import" : "signer.create", exchange.arguments));
    return make_json(value, 201);
}

Result<Response> rotate_signer(Exchange& exchange) {
    BULLA_CHECK(refuse_path(exchange));
    BULLA_TRY(value, call(exchange, "signer.rotate", exchange.arguments));
    return make_json(value, 200);
}

Result<Response> open_events(Exchange& /*exchange*/) {
    Response response;
    response.media_type = "text/event-stream";
    response.is_events = true;
    return response;
}

}  // namespace bulla::api
