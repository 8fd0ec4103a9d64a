#pragma once
#include "api/request.h"
#include "api/response.h"
#include "api/target.h"
#include "services/session.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::api {

/// What the API asks of the rest of the program. All block (but `events`): for the work pool. Any thread.
struct Backend {
    /// Whom a session's secret or an API token stands for, and whether its use counts. Error: auth.no_session.
    std::function<Result<services::Credential>(
        const std::string& secret, bool is_token, services::Activity activity)>
        authenticate;
    /// May the call be made? For what is worth knowing before a large body is read. Errors: access.*.
    std::function<Result<void>(
        const services::Principal&, std::string_view call, const nlohmann::json& arguments)>
        check;
    /// A service call in the name of an account.
    std::function<Result<nlohmann::json>(
        const services::Principal&, std::string_view call, const nlohmann::json& arguments)>
        call;
    /// A service call in nobody's name: auth.login and auth.logout.
    std::function<Result<nlohmann::json>(std::string_view call, const nlohmann::json& arguments)>
        call_open;
};

struct Route;

/// One request on its way through the API, on the work pool.
struct Exchange {
    const Backend& backend;
    const Route& route;
    const RequestHead& head;
    nlohmann::json arguments;  ///< From path, query and body.
    std::optional<services::Credential> credential = {};
    std::string secret = {};  ///< Of the session; empty with an API token.
    std::string token = {};   ///< The API token, if there is one.
    std::string client = {};  ///< The client's IP address.
    bool tls = false;
    services::Activity activity = services::Activity::counts;

    /// Who asks, and what proved it; only once the request has been authenticated, which every route but the open ones begins with.
    [[nodiscard]] const services::Credential& proven() const {
        if (!credential) {
            throw std::logic_error("nobody has been asked who they are");
        }
        return *credential;
    }

    [[nodiscard]] const services::Principal& principal() const { return proven().principal; }
};

enum class BodyKind { none, json, octets };

/// How a service's value becomes a response.
enum class Answer {
    value,     ///< 200 and the value.
    created,   ///< 201 and the value.
    accepted,  ///< 202 and the value.
    nothing,   ///< 204.
    octets,    ///< {"media_type", "filename"?, "octets"} as a body.
};

struct RouteOptions {
    std::string_view query = {};  ///< "name name:whole name:flag name:list", separated by spaces.
    BodyKind body = BodyKind::none;
    std::uint64_t most_octets = std::uint64_t{64} << 10U;  ///< Of a body that is JSON.
    Answer answer = Answer::value;
    std::string_view self =
        {};               ///< The argument that is the account itself unless it says otherwise.
    bool open = false;    ///< Without log-in.
    bool dear = false;    ///< Takes a tenth of a second or more.
    bool waits = false;   ///< Asks the DNS.
    bool stream = false;  ///< A stream of events.
    Result<Response> (*handle)(Exchange&) = nullptr;  ///< Null: call the service.
};

/// A row of the table: method and path (below /api/v1) → service call. A segment "{name}" becomes the argument of that name, "{name:argument}"
/// one of another name.
struct Route {
    Method method;
    std::string_view path;
    std::string_view call;
    RouteOptions options;
};

/// Every route of the API; routes.cpp has the table.
[[nodiscard]] std::span<const Route> list_routes();

/// What a path is good for.
struct RouteMatch {
    const Route* route = nullptr;  ///< Null: not for this method, or unknown.
    std::vector<Method> allowed;   ///< The methods of this path; empty: unknown.
    nlohmann::json arguments = nlohmann::json::object();  ///< From the path.
};

/// Finds the route of `method` and the segments below /api/v1; HEAD is that of GET.
[[nodiscard]] RouteMatch match_route(Method method, std::span<const std::string> segments);

/// Adds the query's parameters to `arguments` by the route's list. Error: http.bad_parameter (unknown, twice, not of its type), which names it.
[[nodiscard]] Result<void> add_query(const Route& route,
                                     const Target& target,
                                     nlohmann::json& arguments);
/// Adds the body's members. Errors: http.bad_json, http.bad_parameter (a member that the path has too).
[[nodiscard]] Result<void> add_body(const Route& route,
                                    std::string_view body,
                                    nlohmann::json& arguments);

/// Finds out who asks, unless that is known. Error: auth.no_session. Blocks.
[[nodiscard]] Result<void> authenticate(Exchange& exchange);
/// Authenticates, calls and answers; errors become problems. Blocks.
[[nodiscard]] Response run_route(Exchange& exchange);

}  // namespace bulla::api
