#pragma once
#include <cstdint>
#include <string>
#include <string_view>

// One function a reply of a filter, each appends its packet to `out`. Header values are as the negotiation wants them: with the white space
// after the colon if `leading_space` was agreed on, else without; line ends within them become LF, which is what mail servers expect.

namespace bulla::milter {

/// A field before that at `index` (0: before all, 1: before the first, and so on).
void insert_header(std::string& out,
                   std::uint32_t index,
                   std::string_view name,
                   std::string_view value);
/// A field after all others.
void add_header(std::string& out, std::string_view name, std::string_view value);
/// Another value for the `index`-th field (from 1) named `name`; an empty one removes it.
void change_header(std::string& out,
                   std::uint32_t index,
                   std::string_view name,
                   std::string_view value);
/// Another body, whole, with CRLF line ends: as many packets as it takes, at least one.
void replace_body(std::string& out, std::string_view body);
void add_recipient(std::string& out, std::string_view address);
void delete_recipient(std::string& out, std::string_view address);
/// Held by the mail server until its administrator looks at it.
void quarantine(std::string& out, std::string_view reason);
/// More time, please.
void progress(std::string& out);

void go_on(std::string& out);
/// The mail server forgets the message and tells its client that it was taken.
void discard(std::string& out);
/// The mail server answers `code enhanced text`. A code that is neither 4xx nor 5xx, or text that is none, becomes its own 451.
void reply(std::string& out, int code, std::string_view enhanced, std::string_view text);

}  // namespace bulla::milter
