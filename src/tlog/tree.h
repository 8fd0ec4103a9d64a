#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "base/error.h"
#include "tlog/hash.h"

namespace bulla::tlog {

inline constexpr std::uint64_t tile_width = 256;

/// A full tile: 256 consecutive hashes of level 8 * `level` (C2SP tlog-tiles), left to right.
struct Tile {
    unsigned level = 0;
    std::uint64_t index = 0;
    std::vector<Hash> hashes;
};

/// The growing right edge of a tree: all that is needed to append leaves and give roots. 32 bytes a bit of the size, and the
/// unfinished tiles (at most 255 hashes a level). Copying it is how an append is tried: keep the copy only when the commit succeeded.
class Frontier {
  public:
    Frontier() = default;
    /// Rebuilds the edge of a tree of `size` leaves from its stored full tiles and the hashes of the leaves after the last full tile.
    /// `read_tile(level, index)` gives a full tile's hashes; an error of it is returned as it is. Error: tlog.bad_tile.
    using ReadTile = std::function<Result<std::vector<Hash>>(unsigned level, std::uint64_t index)>;
    [[nodiscard]] static Result<Frontier> load(std::uint64_t size, const std::vector<Hash>& last_leaves, const ReadTile& read_tile);

    /// Adds a leaf; tiles that become full are appended to `full`.
    void append(const Hash& leaf, std::vector<Tile>& full);
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// The root over all leaves.
    [[nodiscard]] Hash root() const;

  private:
    std::uint64_t size_ = 0;
    std::vector<std::vector<Hash>> partial_;  // [level]: the unfinished tile of that level
};

}  // namespace bulla::tlog
