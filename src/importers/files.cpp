#include "importers/files.h"

#include "base/file.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>
#include <system_error>

namespace bulla::importers {

namespace {

constexpr std::size_t most_names = 100'000;

using Status = struct stat;

}  // namespace

Result<SecretBytes> DiskFiles::read(const std::string& path, std::size_t limit) const {
    return load_secret_file(path, limit, FileAccess::anybody);
}

Result<std::vector<std::string>> DiskFiles::list(const std::string& directory) const {
    std::vector<std::string> names;
    std::error_code error;
    for (auto at = std::filesystem::directory_iterator(directory, error);
         !error && at != std::filesystem::directory_iterator() && names.size() < most_names;
         at.increment(error)) {
        names.push_back(at->path().filename().string());
    }
    if (error) {
        return fail("file.unreadable",
                    Fault::us,
                    fmt::format("cannot read the folder {}: {}", directory, error.message()));
    }
    std::ranges::sort(names);
    return names;
}

bool DiskFiles::exists(const std::string& path) const {
    Status status{};
    return ::lstat(path.c_str(), &status) == 0;
}

bool DiskFiles::is_directory(const std::string& path) const {
    Status status{};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool DiskFiles::is_open_to_others(const std::string& path) const {
    Status status{};
    return ::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

Result<SecretBytes> read_text(const Files& files, const std::string& path, std::size_t limit) {
    BULLA_TRY(bytes, files.read(path, limit));
    std::string_view rest = bytes.view();
    if (rest.find('\0') != std::string_view::npos) {
        return fail("import.binary", Fault::sender, path + " is no text: it has NUL octets");
    }
    for (std::size_t line = 1; !rest.empty(); ++line) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        if (end > longest_line) {
            return fail("import.long_line",
                        Fault::sender,
                        fmt::format("{}:{}: longer than {} octets", path, line, longest_line));
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return std::move(bytes);
}

std::string join_path(const std::string& directory, const std::string& path) {
    return path.starts_with('/') || directory.empty() ? path : directory + "/" + path;
}

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace bulla::importers
