#include "pkcs11/session.h"

#include "pkcs11/login.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace bulla::pkcs11 {
namespace {

constexpr std::size_t max_slots = 1024;
constexpr std::size_t max_signature_octets = 1024;

struct Place {
    CK_FUNCTION_LIST* functions = nullptr;
    CK_SLOT_ID slot = 0;
};

std::vector<CK_SLOT_ID> list_slots(CK_FUNCTION_LIST& functions) {
    CK_ULONG count = 0;
    // Many libraries look for new tokens only when they are asked for the number alone (PKCS #11 C_GetSlotList).
    if (functions.C_GetSlotList(CK_TRUE, nullptr, &count) != CKR_OK || count > max_slots) {
        return {};
    }
    std::vector<CK_SLOT_ID> slots(count);
    if (functions.C_GetSlotList(CK_TRUE, slots.data(), &count) != CKR_OK) {
        return {};
    }
    slots.resize(std::min<std::size_t>(slots.size(), count));
    return slots;
}

bool is_wanted(CK_FUNCTION_LIST& functions, CK_SLOT_ID id, const KeyUri& uri) {
    CK_SLOT_INFO slot{};
    CK_TOKEN_INFO token{};
    return functions.C_GetSlotInfo(id, &slot) == CKR_OK &&
           read_token_info(functions, id, token) == CKR_OK && uri.matches(id, slot) &&
           uri.matches(token);
}

// The one token, found before any PIN is tried.
Result<Place> find_token(const Library& library, const KeyUri& uri) {
    std::vector<Place> found;
    for (const auto& module : library.modules()) {
        CK_INFO info{};
        if ((!uri.module_name().empty() && uri.module_name() != module.name) ||
            module.functions->C_GetInfo(&info) != CKR_OK || !uri.matches(info)) {
            continue;
        }
        for (const CK_SLOT_ID slot : list_slots(*module.functions)) {
            if (is_wanted(*module.functions, slot, uri)) {
                found.push_back({module.functions, slot});
            }
        }
    }
    if (found.empty()) {
        return refuse_key("pkcs11.token_away",
                          "no token is there that is as the URI says: is it plugged in, and may "
                          "this user use it? `pkcs11-tool --list-slots` shows what is there",
                          uri);
    }
    if (found.size() > 1) {
        return refuse_key(
            "pkcs11.two_tokens", "several tokens are as the URI says: add serial= to it", uri);
    }
    return found.front();
}

bool is_always_authenticate(const std::optional<std::string>& value) {
    return value && value->size() == 1 && value->front() != CK_FALSE;
}

}  // namespace

bool is_lost(CK_RV outcome) {
    constexpr std::array lost{static_cast<CK_RV>(CKR_SESSION_HANDLE_INVALID),
                              static_cast<CK_RV>(CKR_SESSION_CLOSED),
                              static_cast<CK_RV>(CKR_DEVICE_REMOVED),
                              static_cast<CK_RV>(CKR_DEVICE_ERROR),
                              static_cast<CK_RV>(CKR_TOKEN_NOT_PRESENT),
                              static_cast<CK_RV>(CKR_TOKEN_NOT_RECOGNIZED),
                              static_cast<CK_RV>(CKR_SLOT_ID_INVALID),
                              static_cast<CK_RV>(CKR_USER_NOT_LOGGED_IN),
                              static_cast<CK_RV>(CKR_KEY_HANDLE_INVALID),
                              static_cast<CK_RV>(CKR_OBJECT_HANDLE_INVALID),
                              static_cast<CK_RV>(CKR_OPERATION_ACTIVE),
                              static_cast<CK_RV>(CKR_OPERATION_NOT_INITIALIZED),
                              static_cast<CK_RV>(CKR_GENERAL_ERROR),
                              static_cast<CK_RV>(CKR_FUNCTION_FAILED)};
    return std::ranges::find(lost, outcome) != lost.end();
}

Result<std::unique_ptr<Session>> Session::open(std::shared_ptr<const Library> library,
                                               const KeyUri& uri) {
    BULLA_TRY(place, find_token(*library, uri));
    std::unique_ptr<Session> session(new Session(std::move(library), place.functions, place.slot));
    CK_SESSION_HANDLE handle = 0;
    const CK_RV outcome =
        place.functions->C_OpenSession(place.slot, CKF_SERIAL_SESSION, nullptr, nullptr, &handle);
    if (outcome == CKR_SESSION_COUNT) {
        return refuse_key(
            "pkcs11.no_session", "the token has no session left: other programs use it", uri);
    }
    if (outcome != CKR_OK) {
        return refuse_call("C_OpenSession", outcome, uri);
    }
    session->handle_ = handle;
    session->open_ = true;
    BULLA_CHECK(log_in({place.functions, place.slot, handle}, CKU_USER, uri));
    BULLA_CHECK(session->find_key(uri));
    return session;
}

Session::~Session() {
    if (open_) {
        functions_->C_CloseSession(handle_);
    }
}

Result<std::vector<CK_OBJECT_HANDLE>> Session::find(std::vector<CK_ATTRIBUTE> wanted,
                                                    const KeyUri& uri) const {
    if (const CK_RV outcome = functions_->C_FindObjectsInit(handle_, wanted.data(), wanted.size());
        outcome != CKR_OK) {
        return refuse_call("C_FindObjectsInit", outcome, uri);
    }
    std::vector<CK_OBJECT_HANDLE> found(2);
    CK_ULONG count = 0;
    const CK_RV outcome = functions_->C_FindObjects(handle_, found.data(), found.size(), &count);
    functions_->C_FindObjectsFinal(handle_);
    if (outcome != CKR_OK) {
        return refuse_call("C_FindObjects", outcome, uri);
    }
    found.resize(std::min<std::size_t>(found.size(), count));
    return found;
}

Result<void> Session::find_key(const KeyUri& uri) {
    BULLA_TRY(found, find(uri.key_template(), uri));
    if (found.empty()) {
        return refuse_key("pkcs11.no_key",
                          "the token has no private key that is as the URI says: `pkcs11-tool "
                          "--login --list-objects` shows what it has",
                          uri);
    }
    if (found.size() > 1) {
        return refuse_key("pkcs11.two_keys",
                          "the token has several private keys that are as the URI says: give both "
                          "object= and id=",
                          uri);
    }
    key_ = found.front();
    asks_each_time_ = is_always_authenticate(read(key_, CKA_ALWAYS_AUTHENTICATE));
    return {};
}

std::optional<std::string> Session::read(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
    CK_ATTRIBUTE attribute{type, nullptr, 0};
    if (functions_->C_GetAttributeValue(handle_, object, &attribute, 1) != CKR_OK ||
        attribute.ulValueLen > max_attribute_octets) {
        return std::nullopt;
    }
    std::string value(attribute.ulValueLen, '\0');
    attribute.pValue = value.data();
    if (functions_->C_GetAttributeValue(handle_, object, &attribute, 1) != CKR_OK ||
        attribute.ulValueLen > value.size()) {
        return std::nullopt;
    }
    value.resize(attribute.ulValueLen);
    return value;
}

Result<Answer> Session::sign(CK_MECHANISM_TYPE mechanism,
                             std::string_view input,
                             const KeyUri& uri) {
    CK_MECHANISM asked{mechanism, nullptr, 0};
    if (const CK_RV outcome = functions_->C_SignInit(handle_, &asked, key_); outcome != CKR_OK) {
        return Answer{.outcome = outcome, .call = "C_SignInit"};
    }
    if (asks_each_time_) {
        BULLA_CHECK(log_in({functions_, slot_, handle_}, CKU_CONTEXT_SPECIFIC, uri));
    }
    std::string octets(input);  // Cryptoki takes it by a pointer that is not const.
    Answer answer{.call = "C_Sign", .signature = std::string(max_signature_octets, '\0')};
    CK_ULONG size = answer.signature.size();
    answer.outcome = functions_->C_Sign(handle_,
                                        reinterpret_cast<unsigned char*>(octets.data()),
                                        octets.size(),
                                        reinterpret_cast<unsigned char*>(answer.signature.data()),
                                        &size);
    answer.signature.resize(
        answer.outcome == CKR_OK ? std::min<std::size_t>(answer.signature.size(), size) : 0);
    return answer;
}

}  // namespace bulla::pkcs11
