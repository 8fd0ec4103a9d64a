#include "api/assets.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::api {

namespace {

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    return first == std::string_view::npos
               ? std::string_view{}
               : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// True if the field's list has `coding`, and not as refused (RFC 9110 12.5.3).
bool accepts(const RequestHead& head, std::string_view coding) {
    const std::string* field = head.find("accept-encoding");
    if (field == nullptr) {
        return false;
    }
    std::string_view rest = *field;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(','), rest.size());
        const std::string_view item = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const std::size_t semicolon = std::min(item.find(';'), item.size());
        const std::string_view weight = item.substr(semicolon);
        if (trim(item.substr(0, semicolon)) == coding) {
            return !weight.contains("q=0") || weight.contains("q=0.");
        }
    }
    return false;
}

const Asset* find(std::span<const Asset> assets, std::string_view path) {
    const auto found = std::ranges::find(assets, path, &Asset::path);
    return found == assets.end() ? nullptr : &*found;
}

struct Variant {
    std::string_view octets;
    std::string_view coding;
    std::string_view suffix;
};

Variant choose(const Asset& asset, const RequestHead& head) {
    if (!asset.brotli.empty() && accepts(head, "br")) {
        return {asset.brotli, "br", "-br"};
    }
    if (!asset.gzip.empty() && accepts(head, "gzip")) {
        return {asset.gzip, "gzip", "-gz"};
    }
    return {asset.plain, "", ""};
}

}  // namespace

Response serve_asset(std::span<const Asset> assets,
                     std::string_view path,
                     const RequestHead& head) {
    const Asset* asset = find(assets, path);
    if (asset == nullptr && !path.starts_with("/assets/") && !path.ends_with(".js") &&
        !path.ends_with(".map") && !path.ends_with(".ico")) {
        // Each view of the console has an address; all of them are the one page.
        asset = find(assets, "/");
    }
    if (asset == nullptr) {
        return make_problem({.code = "http.not_found",
                             .fault = Fault::sender,
                             .text = "There is nothing at this address."});
    }
    const Variant variant = choose(*asset, head);
    const std::string etag = fmt::format("\"{}{}\"", asset->etag, variant.suffix);
    Response response;
    response.cache = asset->immutable ? "public, max-age=31536000, immutable" : "no-cache";
    response.fields.emplace_back("ETag", etag);
    response.fields.emplace_back("Vary", "Accept-Encoding");
    if (const std::string* known = head.find("if-none-match");
        known != nullptr && (*known == "*" || known->contains(etag))) {
        response.status = 304;
        return response;
    }
    response.media_type = asset->media_type;
    response.fixed = variant.octets;
    if (!variant.coding.empty()) {
        response.fields.emplace_back("Content-Encoding", variant.coding);
    }
    return response;
}

}  // namespace bulla::api
