#pragma once
#include "base/error.h"
#include "pkcs11/library.h"
#include "pkcs11/uri.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <p11-kit/pkcs11.h>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::pkcs11 {

/// The answer of a token to a signature: the octets, or what it said.
struct Answer {
    CK_RV outcome = CKR_OK;
    std::string_view call{};  ///< The function that gave `outcome`.
    std::string signature{};
};

/// A session with the token, logged in, that has found the key. Not for two threads at once.
class Session {
  public:
    /// Finds the one token and the one key that `uri` names. Errors: pkcs11.token_away, pkcs11.two_tokens, pkcs11.no_session (the token has
    /// no more of them), pkcs11.no_key, pkcs11.two_keys, pkcs11.failed, those of log_in().
    [[nodiscard]] static Result<std::unique_ptr<Session>> open(
        std::shared_ptr<const Library> library, const KeyUri& uri);

    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    /// Signs `input` as it is with `mechanism`; asks for the PIN anew where the key wants it each time (CKA_ALWAYS_AUTHENTICATE).
    /// Errors: those of log_in(), before anything was signed.
    [[nodiscard]] Result<Answer> sign(CK_MECHANISM_TYPE mechanism,
                                      std::string_view input,
                                      const KeyUri& uri);

    /// An attribute of an object; nullopt if it has none that may be read, or one of more than max_attribute_octets.
    [[nodiscard]] std::optional<std::string> read(CK_OBJECT_HANDLE object,
                                                  CK_ATTRIBUTE_TYPE type) const;

    [[nodiscard]] CK_OBJECT_HANDLE key() const { return key_; }

    /// At most two objects that are as `wanted` says. Error: pkcs11.failed.
    [[nodiscard]] Result<std::vector<CK_OBJECT_HANDLE>> find(std::vector<CK_ATTRIBUTE> wanted,
                                                             const KeyUri& uri) const;

    std::uint64_t generation = 0;  ///< The owner's: which reset of the token it came after.

  private:
    Session(std::shared_ptr<const Library> library, CK_FUNCTION_LIST* functions, CK_SLOT_ID slot)
        : library_(std::move(library)), functions_(functions), slot_(slot) {}

    [[nodiscard]] Result<void> find_key(const KeyUri& uri);

    std::shared_ptr<const Library> library_;
    CK_FUNCTION_LIST* functions_;
    CK_SLOT_ID slot_;
    CK_SESSION_HANDLE handle_ = 0;
    bool open_ = false;
    CK_OBJECT_HANDLE key_ = 0;
    bool asks_each_time_ = false;
};

/// The most octets of an attribute that is read: a modulus of 8192 bits has 1024.
inline constexpr std::size_t max_attribute_octets = 4096;

/// True if a new session may do better: the token was reset, pulled out or put back.
[[nodiscard]] bool is_lost(CK_RV outcome);

}  // namespace bulla::pkcs11
