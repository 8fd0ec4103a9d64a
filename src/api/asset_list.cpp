#include "api/assets.h"

// The console's files. With the console built, <build>/web/assets.inc has one row a file, each with #embed of what the web build made.

namespace bulla::api {

namespace {

#ifdef BULLA_WEB_ASSETS

#include BULLA_WEB_ASSETS

#else

constexpr std::string_view page =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>bulla</title>\n"
    "<h1>bulla</h1>\n<p>This program was built without its console (BULLA_WEB=OFF). The API is at "
    "<a href=\"/api/v1/openapi.yaml\">/api/v1</a>.</p>\n</html>\n";

constexpr Asset assets[] = {{.path = "/",
                             .media_type = "text/html; charset=utf-8",
                             .etag = "without-console-1",
                             .immutable = false,
                             .plain = page,
                             .gzip = {},
                             .brotli = {}}};

#endif

}  // namespace

std::span<const Asset> list_assets() {
    return assets;
}

}  // namespace bulla::api
