#pragma once
#include "seal/run.h"
#include "seal/sealer.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace bulla::seal {

/// The Sealer that Sealer::open gives: a queue, and the one thread that commits it run by run.
class GroupSealer final : public Sealer {
  public:
    /// `committer` is started; `folder` and what it stands on outlive this.
    GroupSealer(SealerOptions options,
                FileOps& files,
                Random& random,
                std::unique_ptr<PackFolder> folder,
                std::unique_ptr<Committer> committer);
    ~GroupSealer() override;

    void submit(Batch batch) override;
    [[nodiscard]] Result<PreparedRecord> prepare(MessageId message,
                                                 RecordKind kind,
                                                 std::string_view plain) override;
    [[nodiscard]] bool healthy(std::string* why) const override;
    [[nodiscard]] std::string checkpoint() const override;

  private:
    using Moment = std::chrono::steady_clock::time_point;

    void work();
    [[nodiscard]] bool wait_for_work();
    [[nodiscard]] std::vector<Batch> take_run();
    void refuse(std::vector<Batch>& batches, const Error& error);
    void commit(std::vector<Batch> batches);
    void housekeep(bool is_last);

    SealerOptions options_;
    FileOps& files_;
    Random& random_;
    std::unique_ptr<PackFolder> folder_;
    std::unique_ptr<Committer> committer_;  // the sealer's thread only
    LargePacks large_packs_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Batch> waiting_;
    std::vector<Batch> overflow_;  // refused, to be answered by the sealer's thread
    std::size_t waiting_bytes_ = 0;
    bool stopping_ = false;
    std::string note_;

    // The sealer's thread only: when what is done at most once a second was last done.
    Moment file_saved_, shredding_flushed_;
    std::string saved_note_;
    std::thread thread_;
};

}  // namespace bulla::seal
