#pragma once
#include "smtp/refusals.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulla::smtp {

/// The memory that all messages in flight may have together; the door owns it. Called by one session at a time, from any thread.
class MemoryGate {
  public:
    MemoryGate() = default;
    MemoryGate(const MemoryGate&) = delete;
    MemoryGate& operator=(const MemoryGate&) = delete;
    virtual ~MemoryGate() = default;
    /// Takes `bytes` of the budget; false (and nothing taken) if there is not so much left.
    [[nodiscard]] virtual bool take(std::size_t bytes) = 0;
    /// Gives back what take() gave.
    virtual void give(std::size_t bytes) = 0;
};

/// Limits on the text of a message, and what becomes of bare CR and LF and of NUL.
struct DataLimits {
    std::size_t message_bytes = 50U << 20;
    /// Octets of a line without its line end. RFC 5322 2.1.1 says 998; mail in use exceeds it, and refusing it would lose mail.
    std::size_t line_bytes = 10'000;
    /// Turn a bare CR or LF into CRLF and leave out NUL octets instead of refusing the message.
    bool repair = false;
};

/// A message that was read whole. Who takes it gives `charged` back to the MemoryGate when the bytes are gone.
struct ReadMessage {
    std::string bytes;
    std::size_t charged = 0;
};

/// Gathers the text of one message out of pieces of any size, either dot-stuffed (RFC 5321 4.5.2) or in chunks (RFC 3030). Each run of text is
/// copied once. A message with a fault is read to its end and dropped: its memory is freed at once. Not thread-safe.
class DataReader {
  public:
    /// `gate` may be null: no budget. It must outlive the reader.
    DataReader(const DataLimits& limits, MemoryGate* gate) : limits_(limits), gate_(gate) {}

    DataReader(const DataReader&) = delete;
    DataReader& operator=(const DataReader&) = delete;

    ~DataReader() { clear(); }

    /// Forgets all and is ready for a message that is said to have `size_hint` octets (0: not said). A hint over the limit is cut to it.
    void begin(std::uint64_t size_hint);
    /// Reads dot-stuffed text; returns how many octets of `in` belong to it. All of them unless at_end().
    [[nodiscard]] std::size_t take_data(std::string_view in);

    /// True when take_data() has seen CRLF.CRLF.
    [[nodiscard]] bool at_end() const { return state_ == State::end; }

    /// Reads octets of a chunk.
    void take_chunk(std::string_view in);
    /// Says that the last chunk is over. A message without a line end at its end gets one, as it could not leave by DATA otherwise.
    void end_chunks();

    /// Why the message is refused at its end, if it is.
    [[nodiscard]] const std::optional<Refusal>& fault() const { return fault_; }

    /// Octets read since begin(), also those that were dropped.
    [[nodiscard]] std::uint64_t octets() const { return octets_; }

    /// What was gathered so far.
    [[nodiscard]] std::string_view text() const { return bytes_; }

    /// The message; the reader is then empty. Only without a fault.
    [[nodiscard]] ReadMessage release();
    /// Drops what was gathered and gives its memory back.
    void clear();

  private:
    // What was read last. In `cr` and `dot_cr` a CR waits that is not yet in the text; in `dot` and `dot_cr` the stuffed dot is already dropped.
    enum class State : std::uint8_t { line_start, text, cr, dot, dot_cr, end };

    [[nodiscard]] std::size_t scan(std::string_view in, bool stuffed);
    [[nodiscard]] bool step_state(std::string_view in,
                                  std::size_t& at,
                                  std::size_t& run,
                                  bool stuffed);
    void step_text(std::string_view in, std::size_t& at, std::size_t& run);
    void bare_newline();
    void nul_octet();
    void append(std::string_view run);
    void make_room(std::size_t more);
    void add_to_line(std::size_t octets);
    void set_fault(Refusal fault);

    DataLimits limits_;
    MemoryGate* gate_;
    std::string bytes_;
    std::size_t charged_ = 0;
    std::uint64_t octets_ = 0;
    std::size_t line_ = 0;
    State state_ = State::line_start;
    std::optional<Refusal> fault_;
};

}  // namespace bulla::smtp
