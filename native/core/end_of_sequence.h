// Prepends an end of sequence to an access unit, so that the decoder discards what it holds.
#pragma once

#include "gst_ptr.h"

namespace framegate {

// H.265, length-prefixed. The decoder then starts at the CRA picture and drops its RASL pictures.
SamplePtr PrependEndOfSequence(GstSample* sample);

}  // namespace framegate
