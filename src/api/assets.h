#pragma once
#include "api/request.h"
#include "api/response.h"

#include <span>
#include <string>
#include <string_view>

namespace bulla::api {

/// A file of the console. The octets live as long as the program.
struct Asset {
    std::string_view path;  ///< "/assets/index-1a2b3c.js"
    std::string_view media_type;
    std::string_view etag;   ///< Without quotes.
    bool immutable = false;  ///< Its name changes with its content.
    std::string_view plain;
    std::string_view gzip;    ///< Empty: not smaller.
    std::string_view brotli;  ///< Empty: not smaller.
};

/// The files that were built into the program.
[[nodiscard]] std::span<const Asset> list_assets();

/// The answer to GET `path`: a file, or the page itself for addresses of the console's own; by Accept-Encoding and If-None-Match.
/// A path below /assets that is no file is 404.
[[nodiscard]] Response serve_asset(std::span<const Asset> assets,
                                   std::string_view path,
                                   const RequestHead& head);

}  // namespace bulla::api
