#pragma once
#include "api/route.h"

// Routes that are more than one service call.

namespace bulla::api {

/// POST /session: a session and its cookie; one that the browser had ends.
[[nodiscard]] Result<Response> log_in(Exchange& exchange);
/// GET /session: who is logged in, with the session's X-Bulla-CSRF.
[[nodiscard]] Result<Response> show_session(Exchange& exchange);
/// DELETE /session: ends it; without one it is no error.
[[nodiscard]] Result<Response> log_out(Exchange& exchange);
/// PUT /password: keeps the session that asks.
[[nodiscard]] Result<Response> change_password(Exchange& exchange);
/// PATCH /accounts/{login}: one service call for each kind of member.
[[nodiscard]] Result<Response> change_account(Exchange& exchange);
/// POST /signers: with a private key it is an import.
[[nodiscard]] Result<Response> add_signer(Exchange& exchange);
[[nodiscard]] Result<Response> rotate_signer(Exchange& exchange);
/// GET /events: the head of the stream; the connection goes on with it.
[[nodiscard]] Result<Response> open_events(Exchange& exchange);

}  // namespace bulla::api
