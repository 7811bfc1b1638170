// Stands in for rtpbin's jitter buffer where no packet has to wait for another: over TCP they arrive in order. It
// passes each packet on at once, on the thread that received it, and so saves two threads and their wake-ups for each
// camera. Gaps are found behind it, by the depayloader.
#pragma once

#include <gst/gst.h>

namespace framegate {

// (transfer floating). An element with what rtpbin uses of a jitter buffer.
GstElement* MakeJitterBypass();

}  // namespace framegate
