#pragma once
#include "base/error.h"
#include "pkcs11/uri.h"

#include <p11-kit/pkcs11.h>

namespace bulla::pkcs11 {

/// Where to log in.
struct Door {
    CK_FUNCTION_LIST* functions = nullptr;
    CK_SLOT_ID slot = 0;
    CK_SESSION_HANDLE session = 0;
};

/// Logs the session in with the PIN of the URI's file, as `user` (CKU_USER, or CKU_CONTEXT_SPECIFIC for one signature). One thread of the
/// process at a time. A PIN that this token has refused is not tried again while its file is the same, and none is tried where the token says that
/// the next wrong one locks it. A token that needs no log-in, or has had one, is left alone.
/// Errors: pkcs11.no_pin, pkcs11.pin_file, pkcs11.pin_wrong, pkcs11.pin_locked, pkcs11.failed.
[[nodiscard]] Result<void> log_in(const Door& door, CK_USER_TYPE user, const KeyUri& uri);

}  // namespace bulla::pkcs11
