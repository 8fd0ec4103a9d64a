#include "pkcs11/library.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <p11-kit/p11-kit.h>

namespace bulla::pkcs11 {
namespace {

// The libraries in use, by path; "" stands for those of the configuration. C_Initialize is a matter of the whole process (PKCS #11 6.6), so
// this is, too.
struct Registry {
    std::mutex mutex;
    std::map<std::string, std::weak_ptr<const Library>> libraries;
};

Registry& registry() {
    static Registry one;
    return one;
}

std::string said_by_p11_kit() {
    const char* text = p11_kit_message();
    return text == nullptr ? "no reason given" : std::string(text);
}

std::unexpected<Error> not_loaded(const std::string& path, const std::string& why) {
    return fail("pkcs11.module",
                Fault::us,
                path.empty()
                    ? fmt::format("p11-kit's configured libraries cannot be loaded: {}; `p11-kit "
                                  "list-modules` shows them",
                                  why)
                    : fmt::format("the PKCS#11 library {} cannot be loaded: {}", path, why));
}

}  // namespace

Result<void> check_module(const KeyUri& uri, const Access& access) {
    const auto& path = uri.module_path();
    // Whoever may write a URI would run code here otherwise.
    if (path.empty() || std::ranges::find(access.modules, path) != access.modules.end()) {
        return {};
    }
    return fail("pkcs11.module_refused",
                Fault::sender,
                fmt::format("the library {} may not be loaded: name it in bulla.toml, [pkcs11] "
                            "modules = [\"{}\"], and `bulla reload`",
                            path,
                            path));
}

Result<std::shared_ptr<const Library>> Library::find(const KeyUri& uri, const Access& access) {
    BULLA_CHECK(check_module(uri, access));
    auto& known = registry();
    const std::scoped_lock lock(known.mutex);
    auto& entry = known.libraries[uri.module_path()];
    if (auto there = entry.lock()) {
        return there;
    }
    BULLA_TRY(loaded, load(uri.module_path()));
    entry = loaded;
    return loaded;
}

Result<std::shared_ptr<const Library>> Library::load(const std::string& path) {
    // It writes to standard error otherwise what is told by our errors, each time anew.
    p11_kit_be_quiet();
    std::vector<Module> modules;
    if (path.empty()) {
        CK_FUNCTION_LIST** list = p11_kit_modules_load_and_initialize(0);
        if (list == nullptr) {
            return not_loaded(path, said_by_p11_kit());
        }
        for (CK_FUNCTION_LIST** one = list; *one != nullptr; ++one) {
            char* name = p11_kit_module_get_name(*one);
            modules.push_back({name == nullptr ? "" : name, *one});
            std::free(name);  // NOLINT: p11-kit's own memory
        }
        return std::shared_ptr<const Library>(new Library(std::move(modules), Owner::all, list));
    }
    CK_FUNCTION_LIST* functions = p11_kit_module_load(path.c_str(), 0);
    if (functions == nullptr) {
        return not_loaded(path, said_by_p11_kit());
    }
    if (const CK_RV outcome = p11_kit_module_initialize(functions); outcome != CKR_OK) {
        p11_kit_module_release(functions);
        return not_loaded(path, p11_kit_strerror(outcome));
    }
    modules.push_back({"", functions});
    return std::shared_ptr<const Library>(new Library(std::move(modules), Owner::one, nullptr));
}

std::shared_ptr<const Library> Library::wrap(CK_FUNCTION_LIST* functions) {
    return std::shared_ptr<const Library>(new Library({{"", functions}}, Owner::nobody, nullptr));
}

Library::~Library() {
    if (owner_ == Owner::all) {
        p11_kit_modules_finalize_and_release(list_);
    } else if (owner_ == Owner::one) {
        p11_kit_module_finalize(modules_.front().functions);
        p11_kit_module_release(modules_.front().functions);
    }
}

CK_RV read_token_info(CK_FUNCTION_LIST& functions, CK_SLOT_ID slot, CK_TOKEN_INFO& info) {
    static std::mutex mutex;
    const std::scoped_lock lock(mutex);
    return functions.C_GetTokenInfo(slot, &info);
}

std::unexpected<Error> refuse_key(std::string_view code, std::string_view text, const KeyUri& uri) {
    return fail(code, Fault::us, fmt::format("{} ({})", text, uri.text()));
}

std::unexpected<Error> refuse_call(std::string_view call, CK_RV outcome, const KeyUri& uri) {
    return refuse_key(
        "pkcs11.failed",
        fmt::format(
            "the token answered {} with: {} (0x{:x})", call, p11_kit_strerror(outcome), outcome),
        uri);
}

}  // namespace bulla::pkcs11
