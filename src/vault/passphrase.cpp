#include "vault/passphrase.h"

#include "base/file.h"

#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

namespace bulla::vault {
namespace {

constexpr std::size_t max_passphrase = 1024;

Result<SecretBytes> check(std::string_view text, std::string_view place) {
    // One line end, as editors and echo leave it, is no part of the passphrase.
    if (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    if (text.ends_with('\r')) {
        text.remove_suffix(1);
    }
    if (text.empty() || text.size() > max_passphrase ||
        text.find_first_of(std::string_view("\n\0", 2)) != std::string_view::npos) {
        return fail(
            "vault.bad_passphrase",
            Fault::us,
            fmt::format("the passphrase from {} is not one line of 1 to 1024 octets", place));
    }
    return SecretBytes(std::string(text));
}

Result<SecretBytes> load_file(const std::string& path, FileAccess access) {
    BULLA_TRY(bytes, load_secret_file(path, max_passphrase + 2, access));
    return check(bytes.view(), path);
}

// The terminal without echo, until it goes.
class QuietTerminal {
  public:
    explicit QuietTerminal(int terminal) : terminal_(terminal) {
        quiet_ = tcgetattr(terminal, &before_) == 0;
        if (quiet_) {
            auto now = before_;
            now.c_lflag &= ~static_cast<tcflag_t>(ECHO);
            tcsetattr(terminal, TCSAFLUSH, &now);
        }
    }

    QuietTerminal(const QuietTerminal&) = delete;
    QuietTerminal& operator=(const QuietTerminal&) = delete;

    ~QuietTerminal() {
        if (quiet_) {
            tcsetattr(terminal_, TCSAFLUSH, &before_);
        }
    }

  private:
    int terminal_;
    bool quiet_ = false;
    termios before_{};
};

bool write_all(int file, std::string_view text) {
    return write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace

Result<SecretBytes> prompt_passphrase(const std::string& question) {
    const auto terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0) {
        return fail("vault.no_passphrase",
                    Fault::us,
                    "there is no passphrase file, no systemd credential and no terminal to ask on");
    }
    std::string line(max_passphrase + 2, '\0');
    ssize_t size = 0;
    {
        const QuietTerminal quiet(terminal);
        size = write_all(terminal, question) ? read(terminal, line.data(), line.size()) : -1;
    }
    (void)write_all(terminal, "\n");
    close(terminal);
    auto result =
        check({line.data(), size > 0 ? static_cast<std::size_t>(size) : 0}, "the terminal");
    wipe(line.data(), line.size());
    return result;
}

Result<SecretBytes> load_passphrase(const PassphraseSource& source) {
    // systemd gives each service a directory that only it can read; with ACLs the files' group bits say nothing.
    const auto* directory = std::getenv("CREDENTIALS_DIRECTORY");  // NOLINT(concurrency-mt-unsafe)
    if (directory != nullptr && *directory != '\0' && !source.credential.empty()) {
        const auto path = fmt::format("{}/{}", directory, source.credential);
        // A service may have other credentials than this one.
        if (source.file.empty() || ::access(path.c_str(), F_OK) == 0) {
            return load_file(path, FileAccess::anybody);
        }
    }
    if (!source.file.empty()) {
        return load_file(source.file, FileAccess::owner_only);
    }
    if (source.prompt) {
        return prompt_passphrase("bulla volume passphrase: ");
    }
    return fail("vault.no_passphrase",
                Fault::us,
                "there is no passphrase file and no systemd credential for the volume passphrase");
}

bool forbid_dumps() {
    const rlimit none{0, 0};
    return prctl(PR_SET_DUMPABLE, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0;
}

}  // namespace bulla::vault
