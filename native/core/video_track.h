// Which video of a camera's description the gateway takes, and the elements for its codec.
#pragma once

#include <gst/gst.h>
#include <gst/sdp/sdp.h>

#include <map>
#include <vector>

#include "gst_ptr.h"
#include "pipeline_error.h"
#include "rtsp_tracks.h"
#include "stream_types.h"

namespace framegate {

struct CodecChain {
  Codec codec;
  const char* name;           // In StreamInfo.
  const char* encoding_name;  // In the SDP.
  const char* depayloader;
  const char* caps;  // Its output.
};

// For packets with these caps; null: there is none.
const CodecChain* ChainFor(const GstStructure* rtp_caps);

// What a camera offers.
struct Offer {
  StreamInfo info;
  PipelineError error;  // Why its video cannot be used; empty if it can.
};
Offer OfferOf(const GstSDPMessage* description);

// A video that was set up.
struct VideoTrack {
  int channel = -1;             // Of RTP; RTCP has the next one. -1: there is none.
  std::map<int, CapsPtr> caps;  // Of its packets, by payload type, as rtspsrc makes them.
};
VideoTrack VideoTrackOf(const GstSDPMessage* description, const std::vector<RtspTrack>& set_up);

}  // namespace framegate
