// Memory for decoded pictures that is never copied.
#pragma once

#include <gst/gst.h>

namespace framegate {

// Answers an allocation query for raw video with a pool. A "copy" of its memory is a view of the same bytes, for
// reading only: avdec keeps each picture mapped for writing while later pictures need it, so GStreamer would copy each
// picture before it passes it on. The decoder may write on the bytes when it gets its next unit, so a picture must be
// used before that. False if the query is not about raw video.
bool OfferPictureMemory(GstQuery* allocation);

}  // namespace framegate
