// folders: importers
// Hostile configurations of other signers: the first octet says whose; what follows is its file, and all files that it names.
#include "importers/exim.h"
#include "importers/opendkim.h"
#include "importers/rspamd.h"

#include "target.h"

#include <cstdlib>
#include <string>

namespace importers = bulla::importers;

namespace {

class OneText final : public importers::Files {
  public:
    explicit OneText(std::string_view text) : text_(text) {}

    [[nodiscard]] bulla::Result<bulla::SecretBytes> read(const std::string&,
                                                         std::size_t) const override {
        return bulla::SecretBytes(std::string(text_));
    }

    [[nodiscard]] bulla::Result<std::vector<std::string>> list(const std::string&) const override {
        return std::vector<std::string>{"example.com", "example.net.key", "x"};
    }

    [[nodiscard]] bool exists(const std::string&) const override { return true; }

    [[nodiscard]] bool is_directory(const std::string&) const override { return false; }

    [[nodiscard]] bool is_open_to_others(const std::string&) const override { return false; }

  private:
    std::string_view text_;
};

}  // namespace

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const OneText files({reinterpret_cast<const char*>(data) + 1, size - 1});
    const auto plan = data[0] % 3 == 0   ? importers::import_opendkim(files, "/f")
                      : data[0] % 3 == 1 ? importers::import_rspamd(files, "/f")
                                         : importers::import_exim(files, "/f");
    for (const auto& one : plan.findings) {
        if (one.place.column > size + 1 || one.place.line > size + 1 ||
            (one.place.line == 0) != (one.place.column == 0)) {
            std::abort();
        }
    }
    if (plan.findings.size() > 500 || plan.domains.size() > 10'000) {
        std::abort();
    }
    return 0;
}
