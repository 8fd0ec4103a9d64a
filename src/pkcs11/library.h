#pragma once
#include "base/error.h"
#include "pkcs11/token_key.h"
#include "pkcs11/uri.h"

#include <memory>
#include <p11-kit/pkcs11.h>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::pkcs11 {

/// PKCS#11 libraries that are loaded and initialised: one that a URI names, or all of p11-kit's configuration. All who use the same share it; the
/// last one ends it. May be used from any thread.
class Library {
  public:
    struct Module {
        std::string name;  ///< In p11-kit's configuration; empty where a URI named it.
        CK_FUNCTION_LIST* functions = nullptr;
    };

    /// The libraries for `uri`, loaded if nobody uses them yet. Errors: pkcs11.module, pkcs11.module_refused.
    [[nodiscard]] static Result<std::shared_ptr<const Library>> find(const KeyUri& uri,
                                                                     const Access& access);
    /// Functions that somebody else has initialised and ends; for tests.
    [[nodiscard]] static std::shared_ptr<const Library> wrap(CK_FUNCTION_LIST* functions);

    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    ~Library();

    [[nodiscard]] const std::vector<Module>& modules() const { return modules_; }

  private:
    enum class Owner { one, all, nobody };

    Library(std::vector<Module> modules, Owner owner, CK_FUNCTION_LIST** list)
        : modules_(std::move(modules)), owner_(owner), list_(list) {}

    [[nodiscard]] static Result<std::shared_ptr<const Library>> load(const std::string& path);

    std::vector<Module> modules_;
    Owner owner_;
    CK_FUNCTION_LIST** list_;  ///< p11-kit's own array, if it loaded them all.
};

/// C_GetTokenInfo for one thread of the process at a time: softhsm2 writes its answer with gmtime(3).
[[nodiscard]] CK_RV read_token_info(CK_FUNCTION_LIST& functions,
                                    CK_SLOT_ID slot,
                                    CK_TOKEN_INFO& info);

/// Error pkcs11.module_refused: the URI names a library that `access` does not allow.
[[nodiscard]] Result<void> check_module(const KeyUri& uri, const Access& access);

/// A failed call as an Error (pkcs11.failed): what was called, what the library said.
[[nodiscard]] std::unexpected<Error> refuse_call(std::string_view call,
                                                 CK_RV outcome,
                                                 const KeyUri& uri);

/// A refusal of this installation, with the key's URI at its end.
[[nodiscard]] std::unexpected<Error> refuse_key(std::string_view code,
                                                std::string_view text,
                                                const KeyUri& uri);

}  // namespace bulla::pkcs11
