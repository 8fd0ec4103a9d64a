#include "services/signer.h"

#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace bulla::services {

namespace {

/// The one mistake that is made most: of the two files, the other one was taken.
Result<SignerKey> explain(const Error& error, bool is_public, const std::string& what) {
    if (!is_public) {
        return std::unexpected(error);
    }
    return fail("signer.public_key",
                Fault::sender,
                what +
                    " is a public key: a signer needs the private one (its public key is made "
                    "from it)");
}

Result<SignerKey> make_signer_key(const KeyWish& wish) {
    BULLA_TRY(type, from_argument("type", crypto::parse_key_type(wish.type)));
    const bool has_sizes = type == crypto::KeyType::rsa || type == crypto::KeyType::dsa;
    if (!has_sizes && wish.bits != 0) {
        return refuse("bits",
                      "signer.no_bits",
                      "a key of type " + wish.type + " has one size only: leave out the bits");
    }
    if (wish.bits < 0 || wish.bits > 8192) {
        return refuse("bits", "service.bad_argument", "bits must be from 2048 to 8192");
    }
    BULLA_TRY(key,
              from_argument(
                  "bits", crypto::PrivateKey::generate(type, static_cast<std::size_t>(wish.bits))));
    return SignerKey{.key = key};
}

}  // namespace

Result<SignerKey> read_signer_key(Arguments& in, const KeyWish& otherwise) {
    BULLA_TRY(pem, in.text_or("private_key", "", 65536));
    BULLA_TRY(path, in.text_or("path", "", 4096));
    BULLA_TRY(type, in.text_or("type", otherwise.type, 16));
    BULLA_TRY(bits, in.whole_or("bits", type == otherwise.type ? otherwise.bits : 0));
    // 0 means "the usual", too.
    const KeyWish wish{.type = type,
                       .bits = bits == 0 && type == otherwise.type ? otherwise.bits : bits};
    if (!path.empty()) {
        if (!path.starts_with('/')) {
            return refuse("path", "signer.bad_path", "the path of a private key must be absolute");
        }
        const auto key = crypto::load_private_key(path);
        if (!key) {
            return in_field("path",
                            explain(key.error(), crypto::load_public_key(path).has_value(), path));
        }
        return SignerKey{.key = *key, .path = path};
    }
    if (!pem.empty()) {
        const auto key = crypto::PrivateKey::parse_pem(pem);
        if (!key) {
            return from_argument(
                "private_key",
                explain(
                    key.error(), crypto::PublicKey::parse_pem(pem).has_value(), "what was given"));
        }
        return SignerKey{.key = *key};
    }
    return make_signer_key(wish);
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
    std::string path = directory + "/" + id + "-" + key.fingerprint().substr(0, 8) + ".pem";
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
