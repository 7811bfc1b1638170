// Puts an end of sequence before an access unit, so that the decoder forgets what it holds.
#pragma once

#include "gst_ptr.h"

namespace framegate {

// H.265, length-prefixed. The decoder then takes a CRA as a beginning and drops its RASL pictures.
SamplePtr PrependEndOfSequence(GstSample* sample);

}  // namespace framegate
