#pragma once
#include "config/config.h"
#include "dns/answer.h"
#include "services/check.h"
#include "services/dns_check.h"
#include "store/connection.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

// The parts of check.h. What `judge_…` gives follows from its arguments alone; `look_at_…` asks the machine and judges.

namespace bulla::services {

using Findings = std::vector<Finding>;

// check_config.cpp

/// Ends that clash, routes that no mail reaches, mail without a way, passwords in clear.
[[nodiscard]] Findings judge_config(const config::Config& config);

// check_files.cpp

struct FileFacts {
    std::string path;
    bool exists = true;
    bool readable = true;  ///< This user may look at it.
    mode_t mode = 0;       ///< Permission bits.
    uid_t owner = 0;
};

/// What is demanded of a file or directory.
struct FileRule {
    std::string what;             ///< "the passphrase"
    mode_t most = 0600;           ///< The bits that it may have.
    std::vector<uid_t> owners{};  ///< Empty: anybody.
    bool needed = true;
};

[[nodiscard]] Finding judge_file(const FileFacts& facts, const FileRule& rule);
[[nodiscard]] Findings look_at_files(const config::Config& config);

// check_disk.cpp

struct DiskFacts {
    std::string path;
    bool readable = true;
    std::uint64_t free = 0, total = 0;
    std::uint64_t free_files = 0,
                  total_files = 0;  ///< 0 in all: the file system does not count them.
    std::uint32_t kind = 0;         ///< f_type of statfs(2).
    bool read_only = false;
    bool may_write = true;                   ///< This user may make files there.
    std::string sync_error{};                ///< Why a new file could not be synced.
    std::chrono::milliseconds sync_time{0};  ///< What that took.
};

[[nodiscard]] Findings judge_disk(const DiskFacts& facts);
[[nodiscard]] Findings look_at_disks(const config::Config& config, Random& random);

// check_data.cpp

/// The database's own check, schema, journal.
[[nodiscard]] Findings look_at_database(const config::Config& config);

struct LogFacts {
    std::int64_t leaves = 0;
    std::string database_note;  ///< The last checkpoint in the database; empty: none.
    std::string file_note;      ///< state/checkpoint; empty: none.
    std::string key;            ///< state/log.pub
};

[[nodiscard]] Findings judge_log(const LogFacts& facts);
[[nodiscard]] Findings look_at_log(const config::Config& config);
/// Passphrase, signers; with `ask` also the DKIM records of all domains.
[[nodiscard]] Findings look_at_keys(const CheckOptions& options,
                                    const config::Config& config,
                                    const AskDns* ask);

// check_dns.cpp

struct NameFacts {
    std::string hostname;
    dns::DnsAnswer root;  ///< SOA of the root, without DNSSEC
    std::optional<dns::DnsAnswer>
        validated{};  ///< the same with trust anchors; nothing: there are none on this machine
    std::vector<dns::DnsAnswer> addresses{};  ///< A and AAAA of hostname
    std::vector<dns::DnsAnswer> pointers{};   ///< PTR of each address
};

[[nodiscard]] Findings judge_names(const NameFacts& facts);
[[nodiscard]] Finding judge_record(const std::string& domain, const RecordCheck& check);
[[nodiscard]] Findings look_at_names(const config::Config& config, const AskDns& ask);

// check_machine.cpp

struct ClockFacts {
    Time now;
    std::optional<Time> newest;          ///< The latest moment that the instance recorded.
    std::optional<bool> synchronized{};  ///< What the kernel says; nothing: it says nothing.
};

[[nodiscard]] Findings judge_clock(const ClockFacts& facts);
[[nodiscard]] Findings look_at_clock(const config::Config& config, const Clock& clock);

struct LimitFacts {
    std::uint64_t files = 0;   ///< The hard limit of open files.
    std::uint64_t memory = 0;  ///< Of the machine, or of the control group; 0: unknown.
};

[[nodiscard]] Findings judge_limits(const config::Config& config, const LimitFacts& facts);
[[nodiscard]] Findings look_at_limits(const config::Config& config);

// check_neighbours.cpp

struct PortFacts {
    std::string end;        ///< "*:25"
    std::string_view code;  ///< Of the Error that binding gave; empty: it is free.
    std::string holder{};   ///< Who has it: "master (pid 812)"; empty: unknown.
};

[[nodiscard]] Finding judge_port(const PortFacts& facts);
/// What Postfix's main.cf says of bulla: a hint, never more.
[[nodiscard]] Finding judge_postfix(std::string_view main_cf, const config::Config& config);
[[nodiscard]] Findings look_at_neighbours(const CheckOptions& options,
                                          const config::Config& config);

}  // namespace bulla::services
