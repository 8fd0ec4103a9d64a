#include "seal/checkpoint_file.h"

namespace bulla::seal {
namespace {

constexpr std::size_t max_note = 64U << 10U;

}  // namespace

Result<std::optional<std::string>> load_checkpoint_file(const std::string& state_path) {
    auto file = open_to_read(state_path + "/checkpoint");
    if (!file && file.error().code == "seal.no_file") {
        return std::optional<std::string>();
    }
    if (!file) {
        return std::unexpected(std::move(file).error());
    }
    BULLA_TRY(bytes, read_at(*file, 0, max_note));
    return std::optional(std::move(bytes));
}

Result<void> save_checkpoint_file(FileOps& files,
                                  const std::string& state_path,
                                  std::string_view note) {
    return save_state_file(files, state_path, "checkpoint", note);
}

Result<void> save_state_file(FileOps& files,
                             const std::string& state_path,
                             std::string_view name,
                             std::string_view bytes) {
    const auto path = state_path + "/" + std::string(name);
    const auto fresh = path + ".new";
    files.remove(fresh);
    {
        BULLA_TRY(file, files.create(fresh));
        BULLA_CHECK(files.write(file, {&bytes, 1}, 0));
        BULLA_CHECK(files.sync(file));
    }
    BULLA_CHECK(files.rename(fresh, path));
    return files.sync_folder(state_path);
}

}  // namespace bulla::seal
