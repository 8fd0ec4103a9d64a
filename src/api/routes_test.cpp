#include "api/testing.h"
#include "services/service.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>

namespace bulla::api {
namespace {

// "METHOD path" as openapi.yaml has it.
std::string name_of_route(const Route& route) {
    return std::string(name_of(route.method)) + " " +
           std::regex_replace(std::string(route.path), std::regex(R"(\{(\w+):\w+\})"), "{$1}");
}

std::set<std::string> names_of_query(std::string_view query) {
    std::set<std::string> out;
    const std::string text(query);
    const std::regex word(R"((\w+)(:\w+)?)");
    for (std::sregex_iterator it(text.begin(), text.end(), word), end; it != end; ++it) {
        out.insert((*it)[1]);
    }
    return out;
}

struct Described {
    std::set<std::string> query;
    std::string status;
    bool has_body = false;
};

std::string in_capitals(std::string word) {
    std::ranges::transform(
        word, word.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    return word;
}

// Reads as much of openapi.yaml as its own form needs: paths two deep, methods four deep.
std::map<std::string, Described> read_openapi() {
    std::ifstream file(BULLA_SOURCE_DIR "/src/api/openapi.yaml");
    std::map<std::string, Described> out;
    std::map<std::string, std::string> parameters;  // of components, that are in the query
    std::vector<std::pair<std::string, std::string>> references;
    std::string line, path, operation;
    bool in_paths = false, in_parameters = false;
    std::smatch match;
    while (std::getline(file, line)) {
        if (!line.empty() && line[0] != ' ') {
            in_paths = line == "paths:";
        }
        if (std::regex_match(line, match, std::regex(R"(  (\w+):.*)"))) {
            in_parameters = match[1] == "parameters";
        }
        if (in_parameters &&
            std::regex_search(line, match, std::regex(R"(^    (\w+): \{name: (\w+), in: query)"))) {
            parameters[match[1]] = match[2];
        }
        if (!in_paths) {
            continue;
        }
        if (std::regex_match(line, match, std::regex(R"(  (/\S*):)"))) {
            path = match[1];
            operation.clear();
        } else if (std::regex_match(
                       line, match, std::regex(R"(    (get|post|put|patch|delete):)"))) {
            operation = in_capitals(match[1]) + " " + path;
            out[operation];
        } else if (!operation.empty()) {
            Described& now = out[operation];
            if (std::regex_search(line, match, std::regex(R"(\{name: (\w+), in: query)"))) {
                now.query.insert(match[1]);
            }
            const std::regex reference(R"(#/components/parameters/(\w+))");
            for (std::sregex_iterator it(line.begin(), line.end(), reference), end; it != end;
                 ++it) {
                references.emplace_back(operation, (*it)[1]);
            }
            if (std::regex_search(line, match, std::regex(R"re(^        "(2\d\d)":)re"))) {
                now.status = match[1];
            }
            now.has_body = now.has_body || line.starts_with("      requestBody:");
        }
    }
    for (const auto& [name, parameter] : references) {
        if (parameters.contains(parameter)) {
            out[name].query.insert(parameters[parameter]);
        }
    }
    return out;
}

std::string status_of_answer(const Route& route) {
    switch (route.options.answer) {
        case Answer::created:
            return "201";
        case Answer::accepted:
            return "202";
        case Answer::nothing:
            return "204";
        case Answer::octets:
        case Answer::value:
            break;
    }
    return route.call == "auth.logout" ? "204" : "200";
}

TEST(Routes, c3_1_the_description_has_every_route_and_the_program_every_path) {
    const auto described = read_openapi();
    ASSERT_GT(described.size(), 50U);
    std::set<std::string> known;
    for (const Route& route : list_routes()) {
        const std::string name = name_of_route(route);
        EXPECT_TRUE(known.insert(name).second) << name << " stands twice";
        const auto found = described.find(name);
        ASSERT_NE(found, described.end()) << name << " is not described";
        EXPECT_EQ(found->second.query, names_of_query(route.options.query)) << name;
        EXPECT_EQ(found->second.has_body, route.options.body != BodyKind::none) << name;
        EXPECT_EQ(found->second.status, status_of_answer(route)) << name;
    }
    for (const auto& [name, operation] : described) {
        EXPECT_TRUE(known.contains(name)) << name << " is described and not there";
    }
}

TEST(Routes, c3_1_every_route_is_a_service_that_the_command_line_can_call) {
    // What only a server has.
    const std::set<std::string_view> own = {"events"};
    for (const Route& route : list_routes()) {
        EXPECT_TRUE(own.contains(route.call) || services::find_service(route.call) != nullptr)
            << route.call;
    }
}

TEST(Routes, c3_1_the_first_row_that_fits_takes_the_request) {
    const std::vector<std::string> verify = {"messages", "verify"};
    EXPECT_EQ(match_route(Method::post, verify).route->call, "archive.verify_all");
    const std::vector<std::string> key = {"domains", "example.org", "keys", "s1"};
    const auto match = match_route(Method::patch, key);
    EXPECT_EQ(match.route->call, "dkim.activate");
    EXPECT_EQ(match.arguments, nlohmann::json({{"domain", "example.org"}, {"selector", "s1"}}));
    EXPECT_EQ(match.allowed.size(), 2U);
    EXPECT_EQ(match_route(Method::get, key).route, nullptr);
    const std::vector<std::string> nothing = {"messages", ""};
    EXPECT_TRUE(match_route(Method::get, nothing).allowed.empty());
    const std::vector<std::string> too_long = {"messages", "a", "raw", "b"};
    EXPECT_TRUE(match_route(Method::get, too_long).allowed.empty());
}

// Each route, and what may come of it for: nobody, user, domain administrator, auditor, administrator. "-" refused, "+" let through (what
// of it, the services' own table decides).
struct AccessRow {
    std::string_view route;
    std::string_view allowed;
};

constexpr AccessRow access_rows[] = {
    {"POST /session", "+++++"},
    {"GET /session", "-++++"},
    {"DELETE /session", "+++++"},
    {"PUT /password", "-++++"},
    {"POST /totp", "-++++"},
    {"DELETE /totp", "-++++"},
    {"POST /totp/confirm", "-++++"},
    {"GET /sessions", "-++++"},
    {"DELETE /sessions", "-++++"},
    {"DELETE /sessions/{id}", "-++++"},
    {"GET /tokens", "-++++"},
    {"POST /tokens", "-++++"},
    {"DELETE /tokens/{id}", "-++++"},
    {"GET /status", "---++"},
    {"GET /checklist", "---++"},
    {"POST /checklist/{id}/confirm", "----+"},
    {"GET /stats", "---++"},
    {"GET /events", "-++++"},
    {"GET /search", "---++"},
    {"POST /explain", "---++"},
    {"POST /reload", "----+"},
    {"GET /messages", "---++"},
    {"POST /messages/verify", "---++"},
    {"GET /messages/{id}", "---++"},
    {"POST /messages/{id}/verify", "---++"},
    {"GET /messages/{id}/raw", "---++"},
    {"GET /messages/{id}/content", "---++"},
    {"GET /messages/{id}/view", "---++"},
    {"GET /messages/{id}/parts/{part}", "---++"},
    {"GET /messages/{id}/export", "---++"},
    {"GET /jobs/{id}", "---++"},
    {"DELETE /jobs/{id}", "---++"},
    {"GET /log", "---++"},
    {"GET /log/checkpoint", "---++"},
    {"GET /log/checkpoints", "---++"},
    {"POST /log/consistency", "---++"},
    {"GET /queue", "---++"},
    {"GET /queue/{id}", "---++"},
    {"DELETE /queue/{id}", "----+"},
    {"POST /queue/{id}/retry", "----+"},
    {"POST /queue/{id}/hold", "----+"},
    {"POST /queue/{id}/release", "----+"},
    {"GET /domains", "--+++"},
    {"POST /domains", "----+"},
    {"PATCH /domains/{domain}", "----+"},
    {"DELETE /domains/{domain}", "----+"},
    {"GET /domains/{domain}/dns", "--+++"},
    {"GET /domains/{domain}/keys", "--+++"},
    {"POST /domains/{domain}/keys", "--+-+"},
    {"PATCH /domains/{domain}/keys/{selector}", "--+-+"},
    {"DELETE /domains/{domain}/keys/{selector}", "--+-+"},
    {"POST /domains/{domain}/keys/{selector}/test", "--+-+"},
    {"POST /domains/{domain}/keys/{selector}/record", "--+-+"},
    {"DELETE /domains/{domain}/keys/{selector}/record", "--+-+"},
    {"POST /domains/{domain}/records", "--+-+"},
    {"POST /domains/{domain}/rotation", "--+-+"},
    {"POST /domains/{domain}/rotation/check", "--+-+"},
    {"GET /dkim/policy", "---++"},
    {"GET /dkim/policy/text", "---++"},
    {"PUT /dkim/policy/text", "----+"},
    {"POST /dkim/policy/try", "---++"},
    {"GET /accounts", "-++++"},
    {"POST /accounts", "--+-+"},
    {"PATCH /accounts/{login}", "--+-+"},
    {"DELETE /accounts/{login}", "--+-+"},
    {"PUT /accounts/{login}/password", "--+-+"},
    {"DELETE /accounts/{login}/totp", "-++++"},
    {"GET /groups", "---++"},
    {"POST /groups", "----+"},
    {"PATCH /groups/{name}", "----+"},
    {"DELETE /groups/{name}", "----+"},
    {"POST /groups/{name}/members", "----+"},
    {"DELETE /groups/{name}/members", "----+"},
    {"GET /signers", "---++"},
    {"POST /signers", "----+"},
    {"POST /signers/{id}/rotate", "----+"},
    {"POST /signers/{id}/retire", "----+"},
    {"GET /settings", "--+++"},
    {"PUT /settings/{name}", "--+-+"},
    {"DELETE /settings/{name}", "--+-+"},
    {"GET /audit", "---++"},
};

std::string ask(const Route& route, const std::string& role) {
    const std::string path =
        "/api/v1" + std::regex_replace(std::string(route.path), std::regex(R"(\{[^}]*\})"), "x");
    const std::string body = route.call == "account.disable" ? R"({"disabled": true})" : "{}";
    std::string fields = "Connection: close\r\n" + (role.empty() ? "" : as_role(role));
    const bool takes_body = route.options.body != BodyKind::none;
    if (takes_body) {
        fields += with_body(body);
    }
    return request(std::string(name_of(route.method)) + " " + path, fields) +
           (takes_body ? body : "");
}

TEST(Routes, GW_05_each_route_for_each_role) {
    ASSERT_EQ(std::size(access_rows), list_routes().size());
    for (std::size_t i = 0; i < std::size(access_rows); ++i) {
        const Route& route = list_routes()[i];
        ASSERT_EQ(access_rows[i].route, name_of_route(route));
        constexpr const char* roles[] = {"", "user", "domain_admin", "auditor", "admin"};
        for (std::size_t role = 0; role < std::size(roles); ++role) {
            TestServer test;
            test.value = {{"session", "admin"},
                          {"octets", nlohmann::json::binary({})},
                          {"media_type", "text/plain"}};
            test.hub.stop();
            const std::string answer = talk(test.context(), ask(route, roles[role]));
            const int status = status_in(answer);
            const bool allowed = access_rows[i].allowed[role] == '+';
            EXPECT_EQ(status,
                      allowed     ? std::stoi(status_of_answer(route))
                      : role == 0 ? 401
                                  : 403)
                << access_rows[i].route << " as \"" << roles[role] << "\"\n"
                << answer;
            if (!allowed) {
                EXPECT_TRUE(test.calls.empty()) << access_rows[i].route;
            }
        }
    }
}

}  // namespace
}  // namespace bulla::api
