#pragma once
#include "base/error.h"

#include <memory>
#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::pkcs11 {

/// The RFC 7512 URI of one private key in a token. Immutable; may be used from any thread.
class KeyUri {
  public:
    /// Reads a URI that names a token (token= or serial=) and a private key in it (object= or id=). The PIN is named by pin-source, a file;
    /// a PIN in the URI itself (pin-value) is refused. No error repeats the text: it may hold a PIN.
    /// Errors: pkcs11.bad_uri, pkcs11.pin_in_uri, pkcs11.bad_pin_source.
    [[nodiscard]] static Result<KeyUri> parse(std::string_view text);

    /// As it was given; holds no secret.
    [[nodiscard]] const std::string& text() const { return text_; }

    /// The file with the PIN; empty: none is named.
    [[nodiscard]] const std::string& pin_file() const { return pin_file_; }

    /// The library that the URI names; empty: those of p11-kit's configuration.
    [[nodiscard]] const std::string& module_path() const { return module_path_; }

    /// The name in p11-kit's configuration that the URI asks for; empty: any.
    [[nodiscard]] const std::string& module_name() const { return module_name_; }

    /// True if the library, the slot and the token are those that the URI names.
    [[nodiscard]] bool matches(const CK_INFO& module) const;
    [[nodiscard]] bool matches(CK_SLOT_ID id, const CK_SLOT_INFO& slot) const;
    [[nodiscard]] bool matches(const CK_TOKEN_INFO& token) const;

    /// CKA_CLASS, CKA_LABEL and CKA_ID of the private key, as far as the URI says them; the memory is the URI's.
    [[nodiscard]] std::vector<CK_ATTRIBUTE> key_template() const;

  private:
    explicit KeyUri(std::shared_ptr<P11KitUri> uri) : uri_(std::move(uri)) {}

    Result<void> take_query();
    [[nodiscard]] Result<void> check_path() const;

    std::shared_ptr<P11KitUri> uri_;
    std::string text_;
    std::string pin_file_;
    std::string module_path_;
    std::string module_name_;
};

}  // namespace bulla::pkcs11
