#include "base/encoding.h"
#include "base/system_text.h"
#include "config/values.h"
#include "services/check_parts.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace bulla::services {
namespace {

constexpr std::uint64_t mib = 1ULL << 20U;
constexpr std::uint64_t least_free = 256 * mib;
constexpr std::uint64_t little_free = 1024 * mib;
constexpr std::chrono::milliseconds slow_sync{100};
constexpr std::uint32_t cifs_magic = 0xFF534D42;  // linux/magic.h has it in newer kernels only
constexpr std::uint32_t fuse_magic = 0x65735546;

Finding finding(CheckState state, std::string text, std::string action = {}) {
    return {"disk", state, std::move(text), std::move(action)};
}

std::optional<Finding> judge_kind(const DiskFacts& facts) {
    switch (facts.kind) {
        case TMPFS_MAGIC:
        case RAMFS_MAGIC:
            return finding(
                CheckState::error,
                facts.path + " is on a file system in memory: all mail goes with a reboot",
                "move it to a disk");
        case NFS_SUPER_MAGIC:
        case SMB_SUPER_MAGIC:
        case SMB2_SUPER_MAGIC:
        case cifs_magic:
            return finding(CheckState::error,
                           facts.path +
                               " is on a network file system: locks and syncs are not what "
                               "the database needs",
                           "move it to a local disk");
        case fuse_magic:
        case V9FS_MAGIC:
            return finding(CheckState::warning,
                           facts.path +
                               " is on a file system whose syncs may promise too much (FUSE "
                               "or 9p)",
                           "prefer a local disk");
        default:
            return std::nullopt;
    }
}

std::optional<Finding> judge_room(const DiskFacts& facts) {
    const auto size = [](std::uint64_t octets) {
        return config::write_size(static_cast<std::int64_t>(octets / mib * mib));
    };
    if (facts.free < least_free) {
        return finding(
            CheckState::error,
            fmt::format("{} has only {} free: mail is answered 452", facts.path, size(facts.free)),
            "make room");
    }
    if (facts.free < little_free || facts.free < facts.total / 20) {
        return finding(
            CheckState::warning,
            fmt::format("{} has {} of {} free", facts.path, size(facts.free), size(facts.total)),
            "make room before it is full");
    }
    if (facts.total_files != 0 && facts.free_files < facts.total_files / 100) {
        return finding(CheckState::warning,
                       fmt::format("{} has room for {} files only", facts.path, facts.free_files),
                       "remove small files, or make the file system anew with more inodes");
    }
    return std::nullopt;
}

std::optional<Finding> judge_sync(const DiskFacts& facts) {
    if (!facts.may_write) {
        return finding(
            CheckState::warning,
            facts.path + ": whether a sync works was not tried, for this user may not write there",
            "run `bulla check` as root or as the daemon's user");
    }
    if (!facts.sync_error.empty()) {
        return finding(
            CheckState::error,
            fmt::format("{}: a new file could not be synced: {}", facts.path, facts.sync_error),
            "without a sync no message is accepted: look into the kernel's log");
    }
    if (facts.sync_time > slow_sync) {
        return finding(
            CheckState::warning,
            fmt::format("{}: a sync takes {} ms", facts.path, facts.sync_time.count()),
            "every message waits for one: prefer an SSD, or one with power-loss protection");
    }
    return std::nullopt;
}

/// Writes a file, syncs it and its directory, removes it.
void try_sync(DiskFacts& facts, Random& random) {
    const std::string path = fmt::format("{}/.check-{}", facts.path, hex_encode(random.bytes(8)));
    const auto start = std::chrono::steady_clock::now();
    const int file =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) {
        facts.may_write = errno != EACCES && errno != EPERM;
        facts.sync_error = system_text(errno);
        return;
    }
    const int folder = ::open(facts.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::array<char, 4096> page{};
    const bool good =
        ::write(file, page.data(), page.size()) == static_cast<ssize_t>(page.size()) &&
        ::fdatasync(file) == 0 && folder >= 0 && ::fsync(folder) == 0;
    facts.sync_error = good ? "" : system_text(errno);
    ::unlink(path.c_str());
    ::close(file);
    if (folder >= 0) {
        ::close(folder);
    }
    facts.sync_time = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - start);
}

DiskFacts look_at(const std::string& path, Random& random) {
    DiskFacts facts{.path = path};
    struct statvfs room{};
    struct statfs kind{};
    if (::statvfs(path.c_str(), &room) != 0 || ::statfs(path.c_str(), &kind) != 0) {
        facts.readable = false;
        return facts;
    }
    facts.free = std::uint64_t{room.f_bavail} * room.f_frsize;
    facts.total = std::uint64_t{room.f_blocks} * room.f_frsize;
    facts.free_files = room.f_favail;
    facts.total_files = room.f_files;
    facts.kind = static_cast<std::uint32_t>(kind.f_type);
    facts.read_only = (room.f_flag & ST_RDONLY) != 0;
    if (!facts.read_only) {
        try_sync(facts, random);
    }
    return facts;
}

}  // namespace

Findings judge_disk(const DiskFacts& facts) {
    if (!facts.readable) {
        return {finding(CheckState::error,
                        facts.path + " is missing or cannot be looked at",
                        "mount it, or run `bulla check` as root")};
    }
    if (facts.read_only) {
        return {finding(CheckState::error,
                        facts.path + " is mounted read-only",
                        "look into the kernel's log, then mount -o remount,rw")};
    }
    Findings out;
    for (const auto& found : {judge_kind(facts), judge_room(facts), judge_sync(facts)}) {
        if (found) {
            out.push_back(*found);
        }
    }
    if (out.empty()) {
        out.push_back(finding(
            CheckState::ok,
            fmt::format("{}: {} free, a sync takes {} ms",
                        facts.path,
                        config::write_size(static_cast<std::int64_t>(facts.free / mib * mib)),
                        facts.sync_time.count())));
    }
    return out;
}

Findings look_at_disks(const config::Config& config, Random& random) {
    const std::filesystem::path database =
        config.database_url.substr(config.database_url.find(':') + 1);
    const std::vector<std::string> paths{
        config.state_path, config.volumes_path, database.parent_path().string()};
    Findings out;
    std::vector<dev_t> seen;
    for (const std::string& path : paths) {
        struct stat info{};
        const bool found = ::stat(path.c_str(), &info) == 0;
        // Two directories of one file system are said once.
        if (found && std::ranges::find(seen, info.st_dev) != seen.end()) {
            continue;
        }
        if (found) {
            seen.push_back(info.st_dev);
        }
        for (Finding& one : judge_disk(look_at(path, random))) {
            out.push_back(std::move(one));
        }
    }
    return out;
}

}  // namespace bulla::services
