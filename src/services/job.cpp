#include "services/job.h"

#include "base/log.h"
#include "base/system_text.h"
#include "services/json_time.h"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <optional>
#include <sys/resource.h>
#include <tuple>
#include <unistd.h>
#include <utility>

namespace bulla::services {

namespace {

std::unexpected<Error> missing(std::string_view id) {
    return fail(
        "job.missing",
        Fault::sender,
        "there is no job " + std::string(id) + "; jobs are forgotten when the daemon restarts");
}

}  // namespace

/// One job: what is known of it, and its thread.
class Jobs::Entry final : public JobProgress {
  public:
    Entry(Jobs& jobs, std::string id, std::string_view kind, std::uint64_t total)
        : jobs_(jobs), id_(std::move(id)), kind_(kind), total_(total), began_(jobs.clock_.now()) {}

    void start(JobWork work) {
        thread_ = std::jthread([this, work = std::move(work)](const std::stop_token& stop) {
            stop_ = stop;
            lower_priority();
            jobs_.tell(describe(false));
            end(run(work));
            jobs_.tell(describe(false));
        });
    }

    [[nodiscard]] bool stopped() const override { return stop_.stop_requested(); }

    void rest(std::chrono::nanoseconds time) override {
        std::unique_lock lock(mutex_);
        std::ignore = resting_.wait_for(lock, stop_, time, [] { return false; });
    }

    void advance(std::uint64_t done, std::uint64_t total) override {
        {
            const std::scoped_lock lock(mutex_);
            done_ = done;
            total_ = total;
            const auto now = jobs_.clock_.now();
            if (now - told_ < jobs_.limits_.tell_every) {
                return;
            }
            told_ = now;
        }
        jobs_.tell(describe(false));
    }

    void add_bad(nlohmann::json finding, std::uint64_t messages) override {
        const std::scoped_lock lock(mutex_);
        bad_ += messages;
        if (findings_.size() < jobs_.limits_.findings) {
            findings_.push_back(std::move(finding));
        }
    }

    [[nodiscard]] nlohmann::json describe(bool with_findings) const {
        const std::scoped_lock lock(mutex_);
        nlohmann::json job{{"id", id_},
                           {"kind", kind_},
                           {"state", state_},
                           {"done", done_},
                           {"total", total_},
                           {"bad", bad_},
                           {"began", json_time(began_)},
                           {"ended", ended_ ? nlohmann::json(json_time(*ended_)) : nullptr},
                           {"text", text_}};
        if (with_findings) {
            job["findings"] = findings_;
        }
        return job;
    }

    [[nodiscard]] bool is_running() const {
        const std::scoped_lock lock(mutex_);
        return !ended_;
    }

    [[nodiscard]] const std::string& id() const { return id_; }

    void cancel() { thread_.request_stop(); }

    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return ended_.has_value(); });
    }

  private:
    Result<void> run(const JobWork& work) {
        try {
            return work(*this);
        } catch (const std::exception& exception) {
            return fail("job.broken", Fault::us, exception.what());
        }
    }

    void end(const Result<void>& outcome) {
        {
            const std::scoped_lock lock(mutex_);
            ended_ = jobs_.clock_.now();
            const bool is_cut_off = stopped() && (done_ < total_ || total_ == 0);
            state_ = !outcome ? "failed" : is_cut_off ? "cancelled" : "done";
            text_ = outcome ? "" : outcome.error().text;
        }
        changed_.notify_all();
    }

    Jobs& jobs_;
    const std::string id_;
    const std::string kind_;
    std::stop_token stop_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::condition_variable_any resting_;
    std::string state_ = "running";
    std::uint64_t done_ = 0;
    std::uint64_t total_ = 0;
    std::uint64_t bad_ = 0;
    Time began_;
    std::optional<Time> ended_;
    Time told_{};
    std::string text_;
    nlohmann::json findings_ = nlohmann::json::array();
    std::jthread thread_;  ///< The last member: it uses the others.
};

void lower_priority() {
    constexpr int niceness = 10;
    // On Linux a thread has a niceness of its own.
    if (setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), niceness) != 0) {
        log::warning("job.no_niceness", {{"reason", system_text(errno)}});
    }
}

Jobs::Jobs(const Clock& clock, JobLimits limits) : clock_(clock), limits_(limits) {}

Jobs::~Jobs() {
    on_job({});
    // All are told before the first is waited for.
    for (const auto& entry : entries_) {
        entry->cancel();
    }
    entries_.clear();
}

Result<nlohmann::json> Jobs::begin(std::string_view kind, std::uint64_t total, JobWork work) {
    std::shared_ptr<Entry>
        forgotten;  // let go when the lock is: its thread may be telling of its end
    const std::scoped_lock lock(mutex_);
    BULLA_TRY(oldest, make_room());
    forgotten = std::move(oldest);
    // Not the one of an earlier run of the daemon.
    auto id = fmt::format("{:x}-{}", to_micros(clock_.now()), next_++);
    auto entry = std::make_shared<Entry>(*this, std::move(id), kind, total);
    auto job = entry->describe(true);
    entries_.push_back(entry);
    entry->start(std::move(work));
    return job;
}

Result<std::shared_ptr<Jobs::Entry>> Jobs::make_room() {
    const auto running =
        std::ranges::count_if(entries_, [](const auto& entry) { return entry->is_running(); });
    if (static_cast<std::size_t>(running) >= limits_.running) {
        return fail("job.too_many",
                    Fault::temporary,
                    std::to_string(running) + " jobs are running: wait for one, or cancel it");
    }
    std::shared_ptr<Entry> oldest;
    if (entries_.size() >= limits_.kept) {
        const auto ended =
            std::ranges::find_if(entries_, [](const auto& entry) { return !entry->is_running(); });
        oldest = std::move(*ended);
        entries_.erase(ended);
    }
    return oldest;
}

std::shared_ptr<Jobs::Entry> Jobs::find(std::string_view id) const {
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find(
        entries_, id, [](const auto& entry) -> const auto& { return entry->id(); });
    return found == entries_.end() ? nullptr : *found;
}

Result<nlohmann::json> Jobs::show(std::string_view id) const {
    const auto entry = find(id);
    if (!entry) {
        return missing(id);
    }
    return entry->describe(true);
}

Result<void> Jobs::cancel(std::string_view id) {
    const auto entry = find(id);
    if (!entry) {
        return missing(id);
    }
    entry->cancel();
    return {};
}

Result<void> Jobs::wait(std::string_view id) {
    const auto entry = find(id);
    if (!entry) {
        return missing(id);
    }
    entry->wait();
    return {};
}

void Jobs::on_job(std::function<void(const nlohmann::json&)> take) {
    const std::scoped_lock lock(telling_);
    take_ = std::move(take);
}

void Jobs::tell(const nlohmann::json& job) {
    const std::scoped_lock lock(telling_);
    if (take_) {
        take_(job);
    }
}

}  // namespace bulla::services
