// Any thread.
#include "end_of_sequence.h"

#include <cstdint>

namespace framegate {
namespace {

// end_of_seq NAL unit after a 4-byte length: the decoder discards its references and treats the IRAP picture that
// follows as the first of a stream (H.265, 7.4.2.4.4).
constexpr uint8_t kH265EndOfSequence[] = {0, 0, 0, 2, 0x48, 0x01};

}  // namespace

SamplePtr PrependEndOfSequence(GstSample* sample) {
  GstBuffer* buffer = gst_buffer_copy(gst_sample_get_buffer(sample));
  GstMemory* memory = gst_memory_new_wrapped(GST_MEMORY_FLAG_READONLY, const_cast<uint8_t*>(kH265EndOfSequence),
                                             sizeof kH265EndOfSequence, 0, sizeof kH265EndOfSequence, nullptr, nullptr);
  gst_buffer_prepend_memory(buffer, memory);
  SamplePtr with(gst_sample_new(buffer, gst_sample_get_caps(sample), gst_sample_get_segment(sample), nullptr));
  gst_buffer_unref(buffer);
  return with;
}

}  // namespace framegate
