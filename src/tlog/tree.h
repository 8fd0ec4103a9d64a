#pragma once
#include "base/error.h"
#include "tlog/hash.h"
#include "tlog/proof.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace bulla::tlog {

inline constexpr std::uint64_t tile_width = 256;

/// A full tile: 256 consecutive hashes of height 8 * `level` (C2SP tlog-tiles), left to right.
struct Tile {
    unsigned level = 0;
    std::uint64_t index = 0;
    std::vector<Hash> hashes;
};

/// The octets of a tile as C2SP tlog-tiles serves them: its hashes one after another.
[[nodiscard]] std::string write_tile(const std::vector<Hash>& hashes);
/// Reads a full tile, 8192 octets. Error: tlog.bad_tile.
[[nodiscard]] Result<std::vector<Hash>> parse_tile(std::string_view bytes);
/// The path of a tile under the log's prefix (C2SP tlog-tiles): "tile/<level>/<index>", with ".p/<width>" if `width` < 256.
[[nodiscard]] std::string tile_path(unsigned level,
                                    std::uint64_t index,
                                    unsigned width = tile_width);
/// The root over `hashes`, 1 to 256 of them, as the tree of RFC 9162 2.1.1 over nodes instead of entries.
[[nodiscard]] Hash tile_root(std::vector<Hash> hashes);

/// Gives a full tile's hashes; an error of it is returned as it is.
using ReadTile = std::function<Result<std::vector<Hash>>(unsigned level, std::uint64_t index)>;
/// Gives the hashes of `count` leaves from `first` on.
using ReadLeaves =
    std::function<Result<std::vector<Hash>>(std::uint64_t first, std::uint64_t count)>;

/// The growing right edge of a tree: all that is needed to append leaves and give roots. 32 bytes a bit of the size, and the
/// unfinished tiles (at most 255 hashes a level). Copying it is how an append is tried: keep the copy only when the commit
/// succeeded. Appending costs one node hash on average, a root one a bit of the size.
class Frontier {
  public:
    Frontier() = default;
    using ReadTile = tlog::ReadTile;
    /// Rebuilds the edge of a tree of `size` leaves from its stored full tiles and the hashes of the size % 256 leaves after
    /// the last full tile. Errors: tlog.bad_tile (a tile of another width, or not that many last leaves) and those of
    /// `read_tile`.
    [[nodiscard]] static Result<Frontier> load(std::uint64_t size,
                                               const std::vector<Hash>& last_leaves,
                                               const ReadTile& read_tile);

    /// Adds a leaf; tiles that become full are appended to `full`.
    void append(const Hash& leaf, std::vector<Tile>& full);

    [[nodiscard]] std::uint64_t size() const { return size_; }

    /// The root over all leaves.
    [[nodiscard]] Hash root() const;

  private:
    std::uint64_t size_ = 0;
    std::vector<std::vector<Hash>> partial_;  // [level]: the unfinished tile of that level
    std::vector<Hash> edge_;  // roots of the complete subtrees that make up the tree, largest first
};

/// Reads nodes of a stored tree for proofs: the node of any height from full tiles, and what is not yet in one from the last
/// leaves. Keeps the tiles it has read, at most 1024. One thread at a time; `read_tile` and `read_leaves` outlive it.
class TileReader {
  public:
    /// `size`: leaves of the tree. No node that reaches beyond it is given (error tlog.out_of_range).
    TileReader(std::uint64_t size, ReadTile read_tile, ReadLeaves read_leaves);
    /// What make_inclusion_proof and its neighbours ask. Errors: those of the two readers, tlog.bad_tile, tlog.out_of_range.
    [[nodiscard]] Result<Hash> node(unsigned height, std::uint64_t index);

    /// This reader as an argument for them; valid while it lives.
    [[nodiscard]] ReadNode reader() {
        return [this](unsigned height, std::uint64_t index) { return node(height, index); };
    }

  private:
    [[nodiscard]] Result<const std::vector<Hash>*> tile(unsigned level, std::uint64_t index);

    std::uint64_t size_;
    ReadTile read_tile_;
    ReadLeaves read_leaves_;
    std::map<std::pair<unsigned, std::uint64_t>, std::vector<Hash>> tiles_;
};

}  // namespace bulla::tlog
