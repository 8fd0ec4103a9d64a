#pragma once
#include "gateway/exits/exit.h"

namespace bulla::gateway {

/// Delivers into Maildirs, one for each recipient, with Return-Path and Delivered-To on top (RFC 5321 4.4).
class MaildirExit final : public Exit {
  public:
    [[nodiscard]] net::Task<queue::DeliveryReport> deliver(const queue::Delivery& delivery,
                                                           const config::Route& route) override;
};

}  // namespace bulla::gateway
