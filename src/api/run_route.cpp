#include "api/route.h"
#include "base/log.h"

#include <algorithm>
#include <exception>
#include <fmt/format.h>

namespace bulla::api {

namespace {

using nlohmann::json;

// A file name for Content-Disposition: what could end the parameter is left out.
std::string safe_file_name(const std::string& name) {
    std::string out;
    for (const char c : name) {
        const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
        out.push_back(good ? c : '_');
    }
    return out.empty() || out.front() == '.' ? "download" + out : out.substr(0, 100);
}

// RFC 8187 3.2: the name as it is, percent-encoded UTF-8.
std::string extended_value(const std::string& name) {
    std::string out = "UTF-8''";
    for (const char c : name.substr(0, 200)) {
        const bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (plain) {
            out.push_back(c);
        } else {
            fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

bool is_media_type(std::string_view text) {
    return !text.empty() && text.size() <= 200 &&
           std::ranges::none_of(text, [](char c) { return c < 0x20 || c == 0x7f; });
}

// Octets of mail are hostile: nothing in them runs, whatever the browser takes them for.
Response make_octets(json value, bool shown) {
    Response response;
    response.media_type = value.value("media_type", "application/octet-stream");
    if (!is_media_type(response.media_type)) {
        response.media_type = "application/octet-stream";
    }
    const auto& octets = value.at("octets").get_binary();
    response.body.assign(octets.begin(), octets.end());
    response.policy = value.value(
        "policy",
        "default-src 'none'; img-src data: cid:; style-src 'unsafe-inline'; frame-ancestors "
        "'self'; sandbox");
    if (!shown) {
        const std::string name = value.value("filename", "download");
        response.fields.emplace_back("Content-Disposition",
                                     fmt::format("attachment; filename=\"{}\"; filename*={}",
                                                 safe_file_name(name),
                                                 extended_value(name)));
    }
    return response;
}

Response answer(const Exchange& exchange, json value, bool download) {
    switch (exchange.route.options.answer) {
        case Answer::nothing:
            return make_empty(204);
        case Answer::octets: {
            const bool view = exchange.route.call == "archive.view";
            const bool raw = exchange.route.call == "archive.raw" && !download;
            const bool note = exchange.route.call == "log.checkpoint";
            if (raw) {
                // As text it can be read in the browser; as a mail it would be handed to another program.
                value["media_type"] = "text/plain; charset=utf-8";
            }
            return make_octets(std::move(value), view || raw || note);
        }
        case Answer::created:
        case Answer::accepted:
        case Answer::value:
            break;
    }
    // A list that is no page has its rows in "items" too.
    if (value.is_array()) {
        value = {{"items", std::move(value)}};
    }
    const Answer kind = exchange.route.options.answer;
    return make_json(value, kind == Answer::created ? 201 : kind == Answer::accepted ? 202 : 200);
}

Result<Response> call(Exchange& exchange) {
    json& arguments = exchange.arguments;
    // How raw octets are shown is no business of the service.
    bool download = false;
    if (exchange.route.call == "archive.raw") {
        download = arguments.value("download", false);
        arguments.erase("download");
    }
    BULLA_TRY(value, exchange.backend.call(exchange.principal(), exchange.route.call, arguments));
    return answer(exchange, std::move(value), download);
}

Result<Response> run(Exchange& exchange) {
    const RouteOptions& options = exchange.route.options;
    if (!options.open) {
        BULLA_CHECK(authenticate(exchange));
        if (!options.self.empty() && !exchange.arguments.contains(options.self)) {
            exchange.arguments[std::string(options.self)] = exchange.principal().login;
        }
    }
    if (options.handle == nullptr) {
        return call(exchange);
    }
    return options.handle(exchange);
}

}  // namespace

Result<void> authenticate(Exchange& exchange) {
    if (exchange.credential) {
        return {};
    }
    if (exchange.secret.empty() && exchange.token.empty()) {
        return fail("auth.no_session", Fault::sender, "Log in first.");
    }
    const bool is_token = exchange.secret.empty();
    BULLA_TRY(found,
              exchange.backend.authenticate(
                  is_token ? exchange.token : exchange.secret, is_token, exchange.activity));
    exchange.credential = std::move(found);
    return {};
}

Response run_route(Exchange& exchange) {
    try {
        auto outcome = run(exchange);
        if (outcome) {
            return std::move(*outcome);
        }
        return make_problem(outcome.error());
    } catch (const std::exception& error) {
        log::error("http.failed",
                   {{"route", std::string(exchange.route.path)}, {"error", error.what()}});
        return make_problem({.code = "http.failed",
                             .fault = Fault::us,
                             .text = "The request could not be worked on; the log says why."});
    }
}

}  // namespace bulla::api
