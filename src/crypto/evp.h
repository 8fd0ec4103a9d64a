#pragma once
#include <openssl/bio.h>
#include <openssl/evp.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::crypto {

/// Owners of OpenSSL's objects: `Evp<EVP_PKEY_free>` calls that function once.
template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

using Pkey = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freer<EVP_CIPHER_CTX_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;

/// The fetched SHA-256 and SHA-384. Fetching by name costs more than hashing a header, so it happens once.
[[nodiscard]] const EVP_MD* sha256_md();
[[nodiscard]] const EVP_MD* sha384_md();

/// Throws std::runtime_error (a broken invariant: no memory, no algorithm) unless OpenSSL said 1.
void require(int result, const char* what);

inline const unsigned char* octets(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

inline unsigned char* octets(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

/// Initialised contexts of one key: making one costs a fetch, several allocations and locks; using one costs nothing.
/// As many are kept as threads used the key at once; all die with the key. May be used from any thread.
template <class Context>
class ContextPool {
  public:
    [[nodiscard]] Context take() {
        const std::scoped_lock lock(mutex_);
        if (free_.empty()) {
            return nullptr;
        }
        auto context = std::move(free_.back());
        free_.pop_back();
        return context;
    }

    void give(Context context) {
        const std::scoped_lock lock(mutex_);
        free_.push_back(std::move(context));
    }

  private:
    std::mutex mutex_;
    std::vector<Context> free_;
};

}  // namespace bulla::crypto
