#include "pkcs11/login.h"

#include "base/file.h"
#include "pkcs11/library.h"

#include <cstdint>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <string>
#include <sys/stat.h>
#include <tuple>

namespace bulla::pkcs11 {
namespace {

constexpr std::size_t max_pin_octets = 256;

/// What tells a file from another that takes its place, or from itself after it was written.
using FileState = std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t>;

FileState look(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
        return {};
    }
    return {status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_ctim.tv_sec * 1'000'000'000 + status.st_ctim.tv_nsec};
}

/// The PINs that tokens have refused. Three wrong ones lock many a token for good, and every message would be a try: hence for the whole process,
/// whichever key they were tried for.
struct Refused {
    std::mutex mutex;
    std::map<std::string, FileState> pins;  // by token and file
};

Refused& refused() {
    static Refused one;
    return one;
}

template <class Field>
std::string text_of(const Field& field) {
    return {reinterpret_cast<const char*>(field), sizeof field};
}

/// The first line of the file. load_secret_file refuses what others can read; so whoever is not root reads its own file, or none.
Result<SecretBytes> load_pin(const KeyUri& uri) {
    auto bytes = load_secret_file(uri.pin_file(), max_pin_octets, FileAccess::owner_only);
    if (!bytes) {
        return refuse_key("pkcs11.pin_file", bytes.error().text, uri);
    }
    const auto text = bytes->view();
    const auto end = text.find_first_of("\r\n");
    if (text.empty() || end == 0) {
        return refuse_key("pkcs11.pin_file", fmt::format("{} holds no PIN", uri.pin_file()), uri);
    }
    return SecretBytes(std::string(text.substr(0, end)));
}

std::unexpected<Error> wrong_pin(const KeyUri& uri) {
    return refuse_key("pkcs11.pin_wrong",
                      fmt::format("the token refuses the PIN in {}; it is not tried again until "
                                  "the file changes",
                                  uri.pin_file()),
                      uri);
}

Result<void> check_tries_left(const CK_TOKEN_INFO& token, const KeyUri& uri) {
    if ((token.flags & CKF_USER_PIN_LOCKED) != 0) {
        return refuse_key("pkcs11.pin_locked",
                          "the token has locked its PIN: unlock it with the tool of its maker",
                          uri);
    }
    if ((token.flags & CKF_USER_PIN_FINAL_TRY) != 0) {
        return refuse_key("pkcs11.pin_locked",
                          "one more wrong PIN would lock the token, so none is tried: log in once "
                          "by hand (`pkcs11-tool --login --test`) and `bulla reload`",
                          uri);
    }
    return {};
}

}  // namespace

Result<void> log_in(const Door& door, CK_USER_TYPE user, const KeyUri& uri) {
    CK_TOKEN_INFO token{};
    if (const CK_RV outcome = read_token_info(*door.functions, door.slot, token);
        outcome != CKR_OK) {
        return refuse_call("C_GetTokenInfo", outcome, uri);
    }
    if ((token.flags & CKF_LOGIN_REQUIRED) == 0 && user == CKU_USER) {
        return {};
    }
    if (uri.pin_file().empty()) {
        return refuse_key("pkcs11.no_pin",
                          "the token asks for a PIN: add ?pin-source=file:/path to the URI, of a "
                          "file with mode 0600 that holds it",
                          uri);
    }
    auto& known = refused();
    const std::scoped_lock lock(known.mutex);
    const auto name = text_of(token.label) + text_of(token.manufacturerID) +
                      text_of(token.serialNumber) + uri.pin_file();
    const auto state = look(uri.pin_file());
    if (const auto before = known.pins.find(name);
        before != known.pins.end() && before->second == state) {
        return wrong_pin(uri);
    }
    BULLA_CHECK(check_tries_left(token, uri));
    BULLA_TRY(pin, load_pin(uri));
    // Cryptoki takes it by a pointer that is not const.
    std::string copy(pin.view());
    const CK_RV outcome = door.functions->C_Login(
        door.session, user, reinterpret_cast<unsigned char*>(copy.data()), copy.size());
    wipe(copy.data(), copy.size());
    switch (outcome) {
        case CKR_OK:
        case CKR_USER_ALREADY_LOGGED_IN:
            known.pins.erase(name);
            return {};
        case CKR_PIN_INCORRECT:
        case CKR_PIN_INVALID:
        case CKR_PIN_LEN_RANGE:
            known.pins.insert_or_assign(name, state);
            return wrong_pin(uri);
        case CKR_PIN_LOCKED:
        case CKR_PIN_EXPIRED:
            known.pins.insert_or_assign(name, state);
            return refuse_key("pkcs11.pin_locked",
                              "the token has locked its PIN, or wants a new one: use the tool of "
                              "its maker",
                              uri);
        default:
            return refuse_call("C_Login", outcome, uri);
    }
}

}  // namespace bulla::pkcs11
