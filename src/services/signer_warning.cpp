#include "services/signer_warning.h"

#include <fmt/format.h>

namespace bulla::services {

Result<archive::PublicKeys> load_check_keys(const directory::Snapshot& snapshot) {
    const std::string& path = snapshot.settings.signature_public_key_path;
    return path.empty() ? Result<archive::PublicKeys>(archive::PublicKeys{})
                        : archive::PublicKeys::load(path);
}

std::string warn_of_signer(const directory::Snapshot& snapshot,
                           const Result<archive::PublicKeys>& keys,
                           const std::string& signer) {
    const std::string& path = snapshot.settings.signature_public_key_path;
    const auto found = snapshot.signers.find(signer);
    if (path.empty() || found == snapshot.signers.end()) {
        return {};
    }
    if (!keys) {
        return fmt::format("what {} signs cannot be checked: {}", signer, keys.error().text);
    }
    if (keys->find(found->second.signer->public_key().fingerprint()) != nullptr) {
        return {};
    }
    return fmt::format(
        "what {} signs cannot be checked: its public key is not at {} (signature_public_key_path)",
        signer,
        path);
}

}  // namespace bulla::services
