#pragma once
#include <string>
#include <string_view>

namespace bulla::mail {

/// Base64 in lines of 76 characters, each with CRLF (RFC 2045 6.8).
[[nodiscard]] std::string write_base64_lines(std::string_view bytes);

/// Reads base64 as mail has it (RFC 2045 6.8): characters outside the alphabet are ignored, the text ends at padding or its end.
[[nodiscard]] std::string read_base64_lines(std::string_view text);

/// Quoted-printable (RFC 2045 6.7) of text with CRLF line ends; lines of at most 76 characters. A last line without CRLF stays without.
[[nodiscard]] std::string write_quoted_printable(std::string_view text);

/// Reads quoted-printable; malformed escapes stay as they are, white space before a line end is dropped (RFC 2045 6.7 rule 3).
[[nodiscard]] std::string read_quoted_printable(std::string_view text);

}  // namespace bulla::mail
