#pragma once
#include "seal/packs.h"
#include "seal/record.h"

#include <cstdint>
#include <map>
#include <vector>

namespace bulla::seal {

/// A row of key_shred.
struct ShredRow {
    std::string volume;
    std::int64_t pack = 0;
    std::int64_t slot = 0;
};

/// Destroys keys: writes zeros over slots, syncs them, and says which rows of key_shred may go (docs/formats/pack.md, "Destroying a key").
/// One thread at a time. A slot whose file cannot be written is kept and tried again at the next flush().
class Shredder {
  public:
    Shredder(PackFolder& folder, FileOps& files) : folder_(folder), files_(files) {}

    /// Takes over slots whose rows are committed and overwrites them. Rows of other volumes are left alone.
    void add(const std::vector<ShredRow>& rows);
    /// The key file of pack `number` was synced after add(): its rows are done.
    void note_synced(std::int64_t number);
    /// Syncs all other key files that hold overwritten slots, and tries again what failed.
    void flush();

    /// True if slots wait for a sync, or rows for their removal.
    [[nodiscard]] bool is_waiting() const {
        return !written_.empty() || !failed_.empty() || !done_.empty();
    }

    /// The rows to remove with the next transaction; give them back with restore_done() if that fails.
    [[nodiscard]] std::vector<ShredRow> take_done();
    void restore_done(std::vector<ShredRow> rows);

  private:
    struct KeyFile {
        File file;
        std::vector<std::int64_t> slots;
    };

    [[nodiscard]] bool overwrite(std::int64_t number, std::int64_t slot);
    void finish(std::int64_t number, const std::vector<std::int64_t>& slots);
    void retry_failed();

    PackFolder& folder_;
    FileOps& files_;
    std::map<std::int64_t, KeyFile> written_;  // by pack number
    std::vector<ShredRow> failed_;
    std::vector<ShredRow> done_;
};

}  // namespace bulla::seal
