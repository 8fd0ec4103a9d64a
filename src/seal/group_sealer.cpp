#include "seal/group_sealer.h"

#include "base/log.h"
#include "seal/checkpoint_file.h"

namespace bulla::seal {
namespace {

constexpr std::size_t large_body = 1U << 20U;
constexpr std::chrono::seconds once{
    1};  // how often the checkpoint file is written and shredding flushed, at most

std::size_t size_of(const Batch& batch) {
    std::size_t size = 0;
    for (const auto& record : batch.records) {
        size += record.bytes.size();
    }
    for (const auto& leaf : batch.leaves) {
        size += leaf.size();
    }
    return size;
}

}  // namespace

GroupSealer::GroupSealer(SealerOptions options,
                         FileOps& files,
                         Random& random,
                         std::unique_ptr<PackFolder> folder,
                         std::unique_ptr<Committer> committer)
    : options_(std::move(options)),
      files_(files),
      random_(random),
      folder_(std::move(folder)),
      committer_(std::move(committer)),
      large_packs_(*folder_, options_.max_pack_bytes),
      note_(committer_->note()),
      saved_note_(note_) {
    committer_->on_checkpoint([this](const std::string& note) {
        const std::scoped_lock lock(mutex_);
        note_ = note;
    });
    thread_ = std::thread([this] { work(); });
}

GroupSealer::~GroupSealer() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void GroupSealer::submit(Batch batch) {
    {
        const std::scoped_lock lock(mutex_);
        const auto size = size_of(batch);
        if (waiting_bytes_ + size > options_.max_waiting_bytes || stopping_) {
            // The bytes go at once, that memory stays bounded; the answer comes from the sealer's thread as all answers do.
            batch.records.clear();
            overflow_.push_back(std::move(batch));
        } else {
            waiting_bytes_ += size;
            waiting_.push_back(std::move(batch));
        }
    }
    changed_.notify_one();
}

Result<PreparedRecord> GroupSealer::prepare(MessageId message,
                                            RecordKind kind,
                                            std::string_view plain) {
    if (plain.size() <= large_body) {
        return prepare_record(message, kind, plain, random_);
    }
    auto placed = large_packs_.place(message, kind, plain, random_);
    if (!placed && placed.error().code != "seal.full") {
        return fail("seal.failed", Fault::temporary, placed.error().text);
    }
    return placed;
}

bool GroupSealer::healthy(std::string* why) const {
    const auto is_stuck = committer_->is_stuck();
    if (is_stuck && why != nullptr) {
        *why = "the outcome of a commit is not known yet: the database does not answer";
    }
    return !is_stuck;
}

std::string GroupSealer::checkpoint() const {
    const std::scoped_lock lock(mutex_);
    return note_;
}

void GroupSealer::work() {
    while (wait_for_work()) {
        auto batches = take_run();
        if (!batches.empty()) {
            commit(std::move(batches));
        }
        housekeep(false);
    }
    housekeep(true);
}

/// False when all is done and the sealer stops.
bool GroupSealer::wait_for_work() {
    std::unique_lock lock(mutex_);
    const auto has_work = [this] { return stopping_ || !waiting_.empty() || !overflow_.empty(); };
    if (committer_->has_shredding() || committer_->is_stuck() || saved_note_ != note_) {
        changed_.wait_for(lock, once, has_work);
    } else {
        changed_.wait(lock, has_work);
    }
    return !stopping_ || !waiting_.empty() || !overflow_.empty();
}

std::vector<Batch> GroupSealer::take_run() {
    std::vector<Batch> overflow;
    std::vector<Batch> batches;
    bool stopping = false;
    {
        const std::scoped_lock lock(mutex_);
        overflow.swap(overflow_);
        stopping = stopping_;
        std::size_t bytes = 0;
        while (!waiting_.empty() && batches.size() < options_.max_run_batches &&
               bytes < options_.max_run_bytes) {
            bytes += size_of(waiting_.front());
            batches.push_back(std::move(waiting_.front()));
            waiting_.pop_front();
        }
    }
    refuse(overflow,
           stopping ? Error{.code = "seal.stopped",
                            .fault = Fault::temporary,
                            .text = "the program is stopping"}
                    : Error{.code = "seal.failed",
                            .fault = Fault::temporary,
                            .text = "too much waits to be sealed"});
    return batches;
}

void GroupSealer::refuse(std::vector<Batch>& batches, const Error& error) {
    for (auto& batch : batches) {
        if (batch.done) {
            batch.done(std::unexpected(error));
        }
    }
}

void GroupSealer::commit(std::vector<Batch> batches) {
    std::size_t bytes = 0;
    for (const auto& batch : batches) {
        bytes += size_of(batch);
    }
    if (committer_->settle()) {
        committer_->commit(std::move(batches));
    } else {
        refuse(batches,
               {.code = "seal.failed",
                .fault = Fault::temporary,
                .text = "the outcome of an earlier commit is not known yet"});
    }
    const std::scoped_lock lock(mutex_);
    waiting_bytes_ -= bytes;
}

/// What comes after a run, or after a second without one.
void GroupSealer::housekeep(bool is_last) {
    std::ignore = committer_->settle();
    const auto now = std::chrono::steady_clock::now();
    if (committer_->has_shredding() && (is_last || now - shredding_flushed_ >= once)) {
        committer_->flush_shredding();
        shredding_flushed_ = now;
    }
    if (saved_note_ != committer_->note() && (is_last || now - file_saved_ >= once)) {
        file_saved_ = now;
        if (auto saved = save_checkpoint_file(files_, options_.state_path, committer_->note());
            saved) {
            saved_note_ = committer_->note();
        } else {
            log::warning("seal.checkpoint_not_saved", {{"why", saved.error().text}});
        }
    }
}

}  // namespace bulla::seal
