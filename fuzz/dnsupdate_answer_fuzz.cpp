// folders: dnsupdate
// Hostile answers of a name server, and hostile key files: nothing that was not made with the secret is believed.
#include "dnsupdate/response.h"
#include "dnsupdate/wire.h"

#include "target.h"

#include <cstdlib>
#include <string>

namespace dnsupdate = bulla::dnsupdate;

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (const auto key = dnsupdate::parse_key(text)) {
        if (key->secret.size() < 16 || key->name.ascii().empty()) {
            std::abort();
        }
    }
    static const auto key = dnsupdate::parse_key(
        "hmac-sha256:upd.example.org:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
    if (!key) {
        std::abort();
    }
    // The head of an UPDATE with the ID 0x1234, as the corpus answers it.
    dnsupdate::Request request;
    request.octets = std::string("\x12\x34\x28\0\0\0\0\0\0\0\0\0", 12);
    request.mac = std::string(32, 'm');
    const auto answer = dnsupdate::read_answer(text, request, *key);
    if (answer) {
        std::abort();
    }
    dnsupdate::WireReader reader(text);
    while (const auto name = reader.name()) {
        if (name->empty() || name->size() > 255 || name->back() != '\0' || reader.at() > size) {
            std::abort();
        }
        if (const auto domain = dnsupdate::read_domain(*name);
            domain && dnsupdate::write_name(*domain) != *name) {
            std::abort();
        }
    }
    return 0;
}
