#include "seal/shredder.h"

#include "base/log.h"

#include <array>
#include <iterator>

namespace bulla::seal {
namespace {

constexpr std::array<char, slot_size> no_key{};

}  // namespace

void Shredder::add(const std::vector<ShredRow>& rows) {
    for (const auto& row : rows) {
        if (row.volume == folder_.volume() && !overwrite(row.pack, row.slot)) {
            failed_.push_back(row);
        }
    }
}

/// False if it must be tried again.
bool Shredder::overwrite(std::int64_t number, std::int64_t slot) {
    auto& key_file = written_[number];
    if (!key_file.file.is_open()) {
        auto file = files_.open_existing(folder_.keys_path(number));
        if (!file && file.error().code == "seal.no_file") {
            // The pack itself is gone, and the key with it.
            written_.erase(number);
            done_.push_back({folder_.volume(), number, slot});
            return true;
        }
        if (!file) {
            log::warning("seal.shred_failed",
                         {{"pack", std::to_string(number)}, {"why", file.error().text}});
            written_.erase(number);
            return false;
        }
        key_file.file = std::move(*file);
    }
    const std::string_view zeros(no_key.data(), no_key.size());
    if (auto wrote = files_.write(key_file.file, {&zeros, 1}, slot_offset(slot)); !wrote) {
        log::warning("seal.shred_failed",
                     {{"pack", std::to_string(number)}, {"why", wrote.error().text}});
        return false;
    }
    key_file.slots.push_back(slot);
    return true;
}

void Shredder::finish(std::int64_t number, const std::vector<std::int64_t>& slots) {
    for (const auto slot : slots) {
        done_.push_back({folder_.volume(), number, slot});
    }
}

void Shredder::note_synced(std::int64_t number) {
    if (const auto found = written_.find(number); found != written_.end()) {
        finish(number, found->second.slots);
        written_.erase(found);
    }
}

void Shredder::flush() {
    retry_failed();
    for (auto& [number, key_file] : std::exchange(written_, {})) {
        if (auto synced = files_.sync(key_file.file); synced) {
            finish(number, key_file.slots);
        } else {
            // What was written may be lost though no longer marked as unwritten: write it again, through a new descriptor.
            log::warning("seal.shred_failed",
                         {{"pack", std::to_string(number)}, {"why", synced.error().text}});
            for (const auto slot : key_file.slots) {
                failed_.push_back({folder_.volume(), number, slot});
            }
        }
    }
}

void Shredder::retry_failed() {
    add(std::exchange(failed_, {}));
}

std::vector<ShredRow> Shredder::take_done() {
    return std::exchange(done_, {});
}

void Shredder::restore_done(std::vector<ShredRow> rows) {
    done_.insert(
        done_.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
}

}  // namespace bulla::seal
