#pragma once
#include "smtp/reply.h"

#include <string>

namespace bulla::smtp::replies {

// The replies to commands. What is refused about a message stands in refusals.h, what the gateway decides in gateway/disposition. One place
// each, so that a code is not used in two senses (codes: RFC 5321 4.2, RFC 4954 6, RFC 3030; enhanced codes: RFC 3463, RFC 5248).

inline Reply ok() {
    return {250, "2.0.0", "OK"};
}

inline Reply start_input() {
    return {354, "", "End data with <CR><LF>.<CR><LF>"};
}

inline Reply bye(const std::string& hostname) {
    return {221, "2.0.0", hostname + " closing connection"};
}

inline Reply cannot_verify() {
    return {252, "2.5.0", "Cannot VRFY user, but will accept message and attempt delivery"};
}

inline Reply help() {
    return {
        214, "2.0.0", "Commands: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY QUIT STARTTLS AUTH"};
}

inline Reply unknown_command() {
    return {500, "5.5.1", "Command not recognised"};
}

inline Reply not_implemented() {
    return {502, "5.5.1", "Command not implemented"};
}

inline Reply bad_line_end() {
    return {500, "5.5.2", "Lines must end with <CR><LF>"};
}

inline Reply bad_characters() {
    return {500, "5.5.2", "Control characters are not allowed in commands"};
}

inline Reply line_too_long() {
    return {500, "5.5.2", "Line too long"};
}

inline Reply syntax(std::string text) {
    return {501, "5.5.4", "Syntax: " + std::move(text)};
}

inline Reply bad_sequence(std::string text) {
    return {503, "5.5.1", std::move(text)};
}

inline Reply bad_parameter(std::string text) {
    return {501, "5.5.4", std::move(text)};
}

inline Reply unknown_parameter() {
    return {555, "5.5.4", "Parameter not recognised or not implemented"};
}

inline Reply bad_sender() {
    return {553, "5.1.7", "Sender address is not valid"};
}

inline Reply bad_recipient() {
    return {553, "5.1.3", "Recipient address is not valid"};
}

// Well-formed, but no host that a route could name (RFC 3463 3.2, X.1.8 and X.1.2: the address of the system).
inline Reply literal_sender() {
    return {550, "5.1.8", "Sender address must have a domain name, not the address of a host"};
}

inline Reply literal_recipient() {
    return {550, "5.1.2", "Mail to the address of a host is not taken, use a domain name"};
}

// RFC 6531 3.5: "When messages are rejected because the MAIL command requires an ASCII address, the reply-code 550 is returned"
inline Reply sender_needs_smtputf8() {
    return {550, "5.6.7", "Address needs SMTPUTF8, which was not given"};
}

// RFC 6531 3.5: "When messages are rejected because the RCPT command requires an ASCII address, the reply-code 553 is returned"
inline Reply recipient_needs_smtputf8() {
    return {553, "5.6.7", "Address needs SMTPUTF8, which was not given with MAIL"};
}

inline Reply too_many_recipients() {
    return {452, "4.5.3", "Too many recipients"};
}

inline Reply no_recipients() {
    return {554, "5.5.1", "No valid recipients"};
}

inline Reply tls_ready() {
    return {220, "2.0.0", "Ready to start TLS"};
}

inline Reply auth_encryption_required() {
    return {538, "5.7.11", "Encryption required for authentication"};
}

inline Reply auth_unknown_mechanism() {
    return {504, "5.5.4", "Authentication mechanism not supported"};
}

inline Reply auth_bad_base64() {
    return {501, "5.5.2", "Cannot decode base64"};
}

inline Reply auth_cancelled() {
    return {501, "5.7.0", "Authentication cancelled"};
}

inline Reply auth_line_too_long() {
    return {500, "5.5.6", "Authentication exchange line is too long"};
}

inline Reply auth_bad_identity() {
    return {535, "5.7.8", "Authentication credentials invalid"};
}

inline Reply not_authorized() {
    return {550, "5.7.0", "Command not permitted for this host"};
}

// RFC 3463 3.5, X.4.2: the connection, not the message.
inline Reply silent_too_long() {
    return {421, "4.4.2", "Timeout, nothing came for too long"};
}

inline Reply message_too_slow() {
    return {421, "4.4.2", "Timeout, the message took too long"};
}

inline Reply session_too_long() {
    return {421, "4.4.2", "The session took too long, please connect again"};
}

inline Reply closing(std::string text) {
    return {421, "4.7.0", std::move(text)};
}

}  // namespace bulla::smtp::replies
