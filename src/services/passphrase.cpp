#include "base/file.h"
#include "services/instance.h"

#include <cstdlib>
#include <filesystem>

namespace bulla::services {
namespace {

constexpr std::size_t max_passphrase = 1024;

Result<SecretBytes> read_file(const std::string& path, FileAccess access) {
    BULLA_TRY(bytes, load_secret_file(path, max_passphrase + 2, access));
    std::string_view text = bytes.view();
    while (text.ends_with('\n') || text.ends_with('\r')) {
        text.remove_suffix(1);
    }
    if (text.empty()) {
        return fail("instance.no_passphrase",
                    Fault::us,
                    path + ": the file with the volume passphrase is empty");
    }
    return SecretBytes(std::string(text));
}

}  // namespace

Result<SecretBytes> load_passphrase(const config::Config& config, const AskPassphrase& ask) {
    if (!config.passphrase_file.empty()) {
        return read_file(config.passphrase_file, FileAccess::owner_only);
    }
    // systemd's credentials: a directory that only the service can read, whatever the mode bits say.
    if (const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
        directory != nullptr) {  // NOLINT(concurrency-mt-unsafe)
        const std::string path = std::string(directory) + "/bulla-passphrase";
        std::error_code ignored;
        if (std::filesystem::exists(path, ignored)) {
            return read_file(path, FileAccess::anybody);
        }
    }
    if (!ask) {
        return fail("instance.no_passphrase",
                    Fault::us,
                    config.path +
                        ": names no passphrase_file, and there is no credential bulla-passphrase "
                        "and nobody to ask");
    }
    return ask();
}

}  // namespace bulla::services
