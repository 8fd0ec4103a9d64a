#include "services/signer.h"

#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace bulla::services {

Result<SignerKey> read_signer_key(Arguments& in) {
    BULLA_TRY(pem, in.text_or("private_key", "", 65536));
    BULLA_TRY(path, in.text_or("path", "", 4096));
    BULLA_TRY(type_text, in.text_or("type", "p256", 16));
    BULLA_TRY(bits, in.whole_or("bits", 0));
    if (!path.empty()) {
        if (!path.starts_with('/')) {
            return fail(
                "signer.bad_path", Fault::sender, "the path of a private key must be absolute");
        }
        BULLA_TRY(key, crypto::load_private_key(path));
        return SignerKey{.key = key, .path = path};
    }
    if (!pem.empty()) {
        BULLA_TRY(key, crypto::PrivateKey::parse_pem(pem));
        return SignerKey{.key = key};
    }
    BULLA_TRY(type, crypto::parse_key_type(type_text));
    if (bits < 0 || bits > 8192) {
        return fail("service.bad_argument", Fault::sender, "bits must be from 2048 to 8192");
    }
    BULLA_TRY(key, crypto::PrivateKey::generate(type, static_cast<std::size_t>(bits)));
    return SignerKey{.key = key};
}

Result<void> store_signer_key(store::Tx& tx,
                              const std::string& id,
                              const crypto::PublicKey& key,
                              std::int64_t now) {
    BULLA_TRY(
        known,
        tx.query_first<std::string>(
            "select signer from signer_key where fingerprint = :fingerprint", {key.fingerprint()}));
    if (known) {
        return fail("signer.key_in_use",
                    Fault::sender,
                    "this key is or was the signer " + std::get<0>(*known) +
                        "'s: each key belongs to one signer");
    }
    return tx.run(
        "insert into signer_key (fingerprint, signer, algorithm, public_key, created) values "
        "(:fingerprint, :signer, :algorithm, :public_key, :created)",
        {key.fingerprint(), id, crypto::to_string(key.type()), key.pem(), now});
}

Result<std::string> save_public_key(const std::string& state_path,
                                    const std::string& id,
                                    const crypto::PublicKey& key) {
    const std::string directory = state_path + "/public";
    const std::string path = directory + "/" + id + "-" + key.fingerprint().substr(0, 8) + ".pem";
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    const int fd =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    const std::string pem = key.pem();
    const bool written = fd >= 0 &&
                         ::write(fd, pem.data(), pem.size()) == static_cast<ssize_t>(pem.size()) &&
                         ::fsync(fd) == 0;
    if (fd >= 0) {
        ::close(fd);
    }
    if (!written) {
        return fail(
            "signer.cannot_save",
            Fault::us,
            path + ": the public key cannot be written there; `bulla signer list --json` has it");
    }
    return path;
}

}  // namespace bulla::services
