// folders: tlog
#include "tlog/checkpoint.h"
#include "tlog/proof_file.h"

#include "target.h"

#include <cstdlib>

namespace tlog = bulla::tlog;

namespace {

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

}  // namespace

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto note = tlog::parse_note(bytes)) {
        require(tlog::write_note(*note) == bytes);
        if (const auto checkpoint = tlog::parse_checkpoint(note->text)) {
            require(note->text.starts_with(tlog::write_checkpoint(*checkpoint)));
        }
    }
    if (const auto proof = tlog::parse_proof_file(bytes)) {
        require(tlog::write_proof_file(*proof) == bytes);
    }
    if (const auto key = tlog::parse_verifier_key(bytes)) {
        require(tlog::write_verifier_key(key->name, key->key) == bytes);
    }
    static const auto key =
        tlog::parse_verifier_key(
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
            .value();
    static_cast<void>(tlog::open_checkpoint(bytes, key));
    return 0;
}
