// Rewrites parameter sets so that the decoder holds no picture back for reordering. A decoder waits for as many
// pictures as an SPS declares, even if none is ever reordered. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "stream_types.h"

namespace framegate {

// An AVCDecoderConfigurationRecord or HEVCDecoderConfigurationRecord whose SPSs declare no reordering. Empty if they
// declare none already, or cannot be read.
std::vector<uint8_t> WithoutReordering(Codec codec, const uint8_t* codec_data, size_t size);

}  // namespace framegate
