#include "pkcs11/uri.h"

#include "pkcs11/token_key.h"

#include <algorithm>
#include <fmt/format.h>
#include <new>
#include <span>

namespace bulla::pkcs11 {
namespace {

constexpr CK_OBJECT_CLASS private_key_class = CKO_PRIVATE_KEY;
constexpr std::size_t max_path_octets = 1024;

std::unexpected<Error> refuse(std::string text) {
    return fail("pkcs11.bad_uri", Fault::sender, std::move(text), "RFC 7512 2.3");
}

std::string text_of(const char* text) {
    return text == nullptr ? std::string() : std::string(text);
}

bool is_absolute(std::string_view path) {
    // Percent signs may have hidden anything.
    return path.size() > 1 && path.front() == '/' && path.size() <= max_path_octets &&
           std::ranges::none_of(path, [](char c) { return static_cast<unsigned char>(c) < 0x20U; });
}

// A fixed field of a token's description: NUL where the URI does not say it, blanks where it says nothing.
bool is_said(std::span<const unsigned char> field) {
    return field.front() != 0 && std::ranges::any_of(field, [](auto c) { return c != ' '; });
}

}  // namespace

bool is_token_uri(std::string_view text) {
    return text.starts_with("pkcs11:");
}

Result<KeyUri> KeyUri::parse(std::string_view text) {
    if (text.size() > max_uri_octets) {
        return refuse(fmt::format("a PKCS#11 URI has at most {} octets", max_uri_octets));
    }
    // p11-kit takes blanks out: what is stored is to be what was meant.
    if (std::ranges::any_of(text, [](char c) { return c <= ' ' || c > '~'; })) {
        return refuse(
            "a PKCS#11 URI has no blanks and only ASCII characters; others are written as %XX");
    }
    const std::shared_ptr<P11KitUri> uri(p11_kit_uri_new(), p11_kit_uri_free);
    if (uri == nullptr) {
        throw std::bad_alloc();
    }
    // What is decoded comes back as a C string: a NUL would hide what follows it.
    if (const auto query = text.find('?');
        query != std::string_view::npos && text.substr(query).contains("%00")) {
        return refuse("a PKCS#11 URI has no %00 in a path");
    }
    KeyUri out(uri);
    out.text_ = std::string(text);
    const int outcome = p11_kit_uri_parse(out.text_.c_str(), P11_KIT_URI_FOR_ANY, uri.get());
    // First of all: whoever reads the other refusals would leave the PIN where it is.
    if (p11_kit_uri_get_pin_value(uri.get()) != nullptr || text.contains("pin-value")) {
        return fail("pkcs11.pin_in_uri",
                    Fault::sender,
                    "the URI has the PIN in it (pin-value), where lists of processes and the "
                    "database would show it: write it into a file with mode 0600, and "
                    "pin-source=file:/path/of/the/file instead",
                    "RFC 7512 7");
    }
    if (outcome != P11_KIT_URI_OK) {
        return refuse(fmt::format("the PKCS#11 URI cannot be read: {}",
                                  text_of(p11_kit_uri_message(outcome))));
    }
    BULLA_CHECK(out.check_path());
    BULLA_CHECK(out.take_query());
    return out;
}

Result<void> KeyUri::check_path() const {
    if (p11_kit_uri_any_unrecognized(uri_.get()) != 0) {
        return refuse("the PKCS#11 URI has an attribute that is not known: is it misspelt?");
    }
    const CK_TOKEN_INFO& token = *p11_kit_uri_get_token_info(uri_.get());
    if (!is_said(token.label) && !is_said(token.serialNumber)) {
        // The PIN would be tried on whatever token there is.
        return refuse("the PKCS#11 URI names no token: give token=LABEL or serial=NUMBER");
    }
    const auto* label = p11_kit_uri_get_attribute(uri_.get(), CKA_LABEL);
    const auto* id = p11_kit_uri_get_attribute(uri_.get(), CKA_ID);
    if (label == nullptr && id == nullptr) {
        return refuse("the PKCS#11 URI names no key: give object=LABEL or id=%XX…");
    }
    const auto* object_class = p11_kit_uri_get_attribute(uri_.get(), CKA_CLASS);
    if (object_class != nullptr &&
        (object_class->ulValueLen != sizeof private_key_class ||
         *static_cast<const CK_OBJECT_CLASS*>(object_class->pValue) != private_key_class)) {
        return refuse("the PKCS#11 URI names an object that is no private key: type=private");
    }
    return {};
}

Result<void> KeyUri::take_query() {
    module_name_ = text_of(p11_kit_uri_get_module_name(uri_.get()));
    module_path_ = text_of(p11_kit_uri_get_module_path(uri_.get()));
    if (!module_path_.empty() && !is_absolute(module_path_)) {
        return refuse("module-path of a PKCS#11 URI is to be the absolute path of a library");
    }
    std::string source = text_of(p11_kit_uri_get_pin_source(uri_.get()));
    for (const std::string_view prefix : {"file://", "file:"}) {
        if (source.starts_with(prefix)) {
            source.erase(0, prefix.size());
            break;
        }
    }
    // RFC 7512 2.4 knows commands as well ("|/usr/bin/…"): nothing is run for a PIN.
    if (!source.empty() && !is_absolute(source)) {
        return fail("pkcs11.bad_pin_source",
                    Fault::sender,
                    "pin-source of a PKCS#11 URI is to be file: and the absolute path of a file",
                    "RFC 7512 2.4");
    }
    pin_file_ = std::move(source);
    return {};
}

bool KeyUri::matches(const CK_INFO& module) const {
    return p11_kit_uri_match_module_info(uri_.get(), &module) == 1;
}

bool KeyUri::matches(CK_SLOT_ID id, const CK_SLOT_INFO& slot) const {
    constexpr auto any = static_cast<CK_SLOT_ID>(-1);
    const auto wanted = p11_kit_uri_get_slot_id(uri_.get());
    return (wanted == any || wanted == id) && p11_kit_uri_match_slot_info(uri_.get(), &slot) == 1;
}

bool KeyUri::matches(const CK_TOKEN_INFO& token) const {
    return p11_kit_uri_match_token_info(uri_.get(), &token) == 1;
}

std::vector<CK_ATTRIBUTE> KeyUri::key_template() const {
    std::vector<CK_ATTRIBUTE> out;
    // The library takes constants by pointers that are not const.
    static CK_OBJECT_CLASS object_class = private_key_class;
    out.push_back({CKA_CLASS, &object_class, sizeof object_class});
    for (const CK_ATTRIBUTE_TYPE type : {CKA_LABEL, CKA_ID}) {
        if (const auto* said = p11_kit_uri_get_attribute(uri_.get(), type)) {
            out.push_back(*said);
        }
    }
    return out;
}

}  // namespace bulla::pkcs11
