// Finds whether pictures are shown in another order than they arrive. What the parameter sets declare is only an upper
// limit: many cameras declare reordering and never use it. Pure.
#pragma once

#include <cstdint>

#include "access_unit_parser.h"

namespace framegate {

class OutputOrder {
 public:
  // The next access unit that will be decoded.
  void Observe(const AccessUnitInfo& info) {
    if (!info.order_known) {
      reorders_ |= info.b_slices;
      return;
    }
    if (info.key || info.max_order_lsb != max_lsb_) {
      max_lsb_ = info.max_order_lsb;
      latest_lsb_ = info.order_lsb;
      return;
    }
    const uint32_t ahead = (info.order_lsb - latest_lsb_) & (max_lsb_ - 1);
    if (ahead < max_lsb_ / 2) {
      latest_lsb_ = info.order_lsb;
    } else if (info.field == AccessUnitInfo::Field::kNone) {  // The second field of a frame may precede the first.
      reorders_ = true;
    }
  }

  // A picture has arrived that is shown before one that arrived earlier.
  bool reorders() const { return reorders_; }

 private:
  uint32_t max_lsb_ = 0;
  uint32_t latest_lsb_ = 0;
  bool reorders_ = false;
};

}  // namespace framegate
