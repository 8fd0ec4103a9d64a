#pragma once
#include "base/error.h"
#include "crypto/key.h"
#include "dkim/types.h"
#include "names/domain.h"
#include "names/selector.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::qmail {

/// Every call of the system that a delivery makes. Paths are relative to qmail's home once change_directory() was there. One thread.
/// Errors have the reason in words; the caller decides what is told.
class Machine {
  public:
    Machine() = default;
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;
    virtual ~Machine() = default;

    [[nodiscard]] virtual Result<void> change_directory(const std::string& path) = 0;
    /// A control file of at most 32 MiB; nullopt if there is none.
    [[nodiscard]] virtual Result<std::optional<std::string>> read_file(const std::string& path) = 0;
    [[nodiscard]] virtual bool has_key_directory(const DomainName& domain) = 0;
    [[nodiscard]] virtual Result<std::shared_ptr<crypto::PrivateKey>> load_key(
        const DomainName& domain, const Selector& selector, dkim::Algorithm algorithm) = 0;
    /// All of descriptor 0, at most 1 GiB.
    [[nodiscard]] virtual Result<std::string> read_message() = 0;
    [[nodiscard]] virtual std::vector<std::string> list(const std::string& directory) = 0;
    [[nodiscard]] virtual bool is_alive(std::int64_t process) = 0;
    [[nodiscard]] virtual std::int64_t own_process() = 0;
    /// Makes a file that only we can read, anew, and the directory it is in (0700) if that is missing. It becomes *the* stage file.
    [[nodiscard]] virtual Result<void> create_stage(const std::string& path) = 0;
    [[nodiscard]] virtual Result<void> write_stage(std::string_view bytes) = 0;
    /// The stage file, read from its start, becomes descriptor 0.
    [[nodiscard]] virtual Result<void> stage_becomes_input() = 0;
    [[nodiscard]] virtual Result<void> remove(const std::string& path) = 0;
    /// Runs `program` in place of this one, as the user who called; comes back only if that failed.
    [[nodiscard]] virtual Result<void> run(const std::string& program,
                                           const std::vector<std::string>& arguments) = 0;
    /// Writes to descriptor 1, which qmail-rspawn reads.
    virtual void report(std::string_view text) = 0;
    /// Tells the administrator; never on the descriptor of report().
    virtual void log(std::string_view text) = 0;
};

/// The machine as it is. `name` is the program's, for the log. `home` is qmail's, where the key directory lies.
[[nodiscard]] std::unique_ptr<Machine> make_machine(const std::string& name);

/// qmail's home: /var/qmail, or what BULLA_QMAIL_HOME says unless the program has more rights than its caller.
[[nodiscard]] std::string find_home();

}  // namespace bulla::qmail
