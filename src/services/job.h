#pragma once
#include "names/message_id.h"
#include "services/service.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace bulla::services {

/// How the work of a job tells how far it is. Any thread.
class JobProgress {
  public:
    JobProgress() = default;
    JobProgress(const JobProgress&) = delete;
    JobProgress& operator=(const JobProgress&) = delete;
    virtual ~JobProgress() = default;

    /// Somebody cancelled it, or the daemon stops: the work is to return soon.
    [[nodiscard]] virtual bool stopped() const = 0;
    /// Waits for `time`, or until it is to stop.
    virtual void rest(std::chrono::nanoseconds time) = 0;
    /// `total` 0: not known yet.
    virtual void advance(std::uint64_t done, std::uint64_t total) = 0;
    /// Something bad was found; `finding` (openapi: Finding, with the id of a message) is kept unless there are too many. `messages`: how many
    /// messages are bad by it; 0 if it is a finding of one that was counted, or of none.
    virtual void add_bad(nlohmann::json finding, std::uint64_t messages) = 0;
};

/// What a job does, on a thread of its own. An error ends it as failed; its text is shown.
using JobWork = std::function<Result<void>(JobProgress&)>;

struct JobLimits {
    std::size_t kept =
        16;  ///< Jobs that are remembered, more than `running`; the oldest ended one goes first.
    std::size_t running = 2;                    ///< At once.
    std::size_t findings = 1000;                ///< Kept of one job.
    std::chrono::milliseconds tell_every{500};  ///< At most, of one job's progress.
};

/// Long work that goes on after the call that began it. It lives in the daemon's memory: a restart forgets it. Any thread.
class Jobs {
  public:
    /// The clock outlives it.
    explicit Jobs(const Clock& clock, JobLimits limits = {});
    Jobs(const Jobs&) = delete;
    Jobs& operator=(const Jobs&) = delete;
    /// Stops all and waits for it.
    ~Jobs();

    /// Begins `work` on a thread that gives way to mail; gives the job (openapi: Job). Error: job.too_many (try again later).
    [[nodiscard]] Result<nlohmann::json> begin(std::string_view kind,
                                               std::uint64_t total,
                                               JobWork work);
    /// Error: job.missing.
    [[nodiscard]] Result<nlohmann::json> show(std::string_view id) const;
    /// One that has ended stays as it is. Error: job.missing.
    [[nodiscard]] Result<void> cancel(std::string_view id);
    /// Gets each job when it begins, moves on and ends, without its findings. Empty: nobody; after the call the former one is not called any
    /// more. Must be quick.
    void on_job(std::function<void(const nlohmann::json&)> take);
    /// Waits until the job has ended. Error: job.missing.
    [[nodiscard]] Result<void> wait(std::string_view id);

  private:
    class Entry;
    [[nodiscard]] std::shared_ptr<Entry> find(std::string_view id) const;
    /// Takes out the oldest one that has ended, if there is no room else. Error: job.too_many.
    [[nodiscard]] Result<std::shared_ptr<Entry>> make_room();
    void tell(const nlohmann::json& job);

    const Clock& clock_;
    JobLimits limits_;
    std::uint64_t next_ = 1;
    std::mutex telling_;  ///< Held while take_ runs.
    std::function<void(const nlohmann::json&)> take_;
    mutable std::mutex mutex_;
    std::deque<std::shared_ptr<Entry>> entries_;  ///< Oldest first.
};

/// Makes the calling thread give way to those that carry mail.
void lower_priority();

/// The work of archive.verify_all: the whole archive with its log, or the messages `ids`. The context outlives it. Whoever begins it has
/// checked the ids.
[[nodiscard]] JobWork make_verification(ServiceContext& context);
[[nodiscard]] JobWork make_verification(ServiceContext& context, std::vector<MessageId> ids);

/// Makes messages that were archived by an older program fit to be found (archive/token_backfill.h), if there are any; a job that nobody
/// began. Its cursor is in the database: it goes on where it stood.
void begin_backfill(ServiceContext& context);

}  // namespace bulla::services
