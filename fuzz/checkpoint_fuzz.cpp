// folders: tlog
#include "tlog/checkpoint.h"
#include "tlog/proof_file.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace bulla::tlog;

namespace {

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto note = parse_note(bytes)) {
        require(write_note(*note) == bytes);
        if (const auto checkpoint = parse_checkpoint(note->text)) {
            require(note->text.starts_with(write_checkpoint(*checkpoint)));
        }
    }
    if (const auto proof = parse_proof_file(bytes)) {
        require(write_proof_file(*proof) == bytes);
    }
    if (const auto key = parse_verifier_key(bytes)) {
        require(write_verifier_key(key->name, key->key) == bytes);
    }
    static const auto key =
        parse_verifier_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
            .value();
    static_cast<void>(open_checkpoint(bytes, key));
    return 0;
}
