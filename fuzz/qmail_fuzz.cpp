// folders: qmail
// Messages as qmail has them: no forged Authentication-Results stays, nothing else goes, and lines go there and back unchanged.
#include "qmail/lines.h"
#include "qmail/results.h"

#include "target.h"

#include <cstdlib>
#include <string>

namespace qmail = bulla::qmail;

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto once = qmail::remove_forged(text, "mx.example.com");
    // The header ends at the first empty line.
    const std::string header =
        "\n" + once.substr(0, once.starts_with('\n') ? 0 : once.find("\n\n"));
    if (once.size() > size || qmail::remove_forged(once, "mx.example.com") != once ||
        header.contains("\nAuthentication-Results: mx.example.com;")) {
        std::abort();
    }
    if (const auto lines = qmail::to_crlf(text); lines && qmail::to_lf(*lines) != text) {
        std::abort();
    }
    return 0;
}
